//! Slots that are arrays: `ArrayViewMut<A, D>`.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayView, ArrayViewMut, Dimension, ShapeBuilder};

use super::{LARGEST_STAGED, Slots, copy_size, elements, never_in_hand, stream};
use crate::array::{copy_elements, fill_with_copies};
use crate::output::position::Position;

/// Slots that are arrays, one for each index or worker.
#[derive(Debug)]
pub struct ArraySlots<A, D, N> {
    pub(in crate::output) first: *mut A,
    /// Elements from one slot to the next; negative where the user has inverted the axis.
    pub(in crate::output) step: isize,
    pub(in crate::output) dim: D,
    pub(in crate::output) strides: D,
    pub(in crate::output) fill: A,
    /// Whether the kernel counts on the fill value.
    pub(in crate::output) is_filled: bool,
    pub(in crate::output) number: PhantomData<N>,
}

/// Which number of a position picks the slot: the index or the worker's.
pub trait Number: Send + Sync + 'static {
    /// Whether it is the worker's.
    const BY_WORKER: bool;

    /// The number at this position.
    fn of(at: Position) -> usize;
}

/// One slot for each index.
#[derive(Clone, Copy, Debug)]
pub struct EachIndex;

/// One slot for each worker.
#[derive(Clone, Copy, Debug)]
pub struct EachWorker;

impl Number for EachIndex {
    const BY_WORKER: bool = false;

    #[inline(always)]
    fn of(at: Position) -> usize {
        at.index
    }
}

impl Number for EachWorker {
    const BY_WORKER: bool = true;

    #[inline(always)]
    fn of(at: Position) -> usize {
        at.worker_id
    }
}

impl<A: Copy, D: Clone, N> Clone for ArraySlots<A, D, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ArraySlots { dim: self.dim.clone(), strides: self.strides.clone(), ..*self }
    }
}

impl<A, D: Dimension, N: Number> ArraySlots<A, D, N> {
    /// Elements from the first of a slot to behind its last.
    fn extent(&self) -> usize {
        let steps = |axis: usize| (self.dim[axis].max(1) - 1) * self.strides[axis];
        1 + (0..self.dim.ndim()).map(steps).sum::<usize>()
    }

    /// Whether the elements of a slot lie back to back, in C order.
    pub(in crate::output) fn is_in_order(&self) -> bool {
        self.strides == self.dim.default_strides()
    }

    /// Elements from one slot to the next, if they lie one behind the other.
    fn step_in_order(&self) -> Option<usize> {
        usize::try_from(self.step).ok().filter(|&step| step >= self.extent())
    }

    /// Whether the slots are back to back and small enough for a stage.
    fn is_staged(&self) -> bool {
        let size = self.dim.size();
        let bytes = size * size_of::<A>();
        let gapless = self.step_in_order() == Some(size) && self.extent() == size;
        !N::BY_WORKER && gapless && (1..=LARGEST_STAGED).contains(&bytes)
    }
}

// SAFETY: slots are the sub-arrays of an array along one axis, which do not overlap.
unsafe impl<A: Copy + Send + Sync + 'static, D: Dimension, N: Number> Slots
    for ArraySlots<A, D, N>
{
    type Slot<'s> = ArrayViewMut<'s, A, D>;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> ArrayViewMut<'s, A, D> {
        let shape = self.dim.clone().strides(self.strides.clone());
        // SAFETY: the output was attached with more than this number of sub-arrays of this
        // shape and these strides, `step` apart, and the caller alone has the number.
        unsafe {
            let first = self.first.offset(N::of(at) as isize * self.step);
            ArrayViewMut::from_shape_ptr(shape, first)
        }
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        if N::BY_WORKER || indices.is_empty() || self.dim.size() == 0 {
            return;
        }
        if let Some(step) = self.step_in_order() {
            let end = (indices.end - 1) * step + self.extent();
            visit(elements(self.first, indices.start * step)..elements(self.first, end));
        }
    }

    #[inline(always)]
    unsafe fn reset(&self, at: Position) {
        if !N::BY_WORKER {
            // SAFETY: as the caller promises.
            fill_with_copies(&mut unsafe { self.slot(at) }, self.fill);
        }
    }

    const BY_WORKER: bool = N::BY_WORKER;

    fn checkpoint_size(&self) -> usize {
        if N::BY_WORKER { copy_size::<A>(self.dim.size()) } else { 0 }
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        if N::BY_WORKER {
            // SAFETY: as the caller promises; `to` is aligned and has room for these elements,
            // which are plain values, so that whatever bytes are there may be overwritten.
            unsafe {
                let slot = self.slot(Position { index: 0, worker_id });
                let mut copy = ArrayViewMut::from_shape_ptr(self.dim.clone(), to.cast::<A>());
                copy_elements(&mut copy, &slot.view());
            }
        }
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        if N::BY_WORKER {
            // SAFETY: as the caller promises; `save` wrote these elements.
            unsafe {
                let copy = ArrayView::from_shape_ptr(self.dim.clone(), from.cast::<A>());
                copy_elements(&mut self.slot(Position { index: 0, worker_id }), &copy);
            }
        }
    }

    never_in_hand!();

    fn stage_size(&self, items: usize) -> usize {
        if self.is_staged() { copy_size::<A>(items * self.dim.size()) } else { 0 }
    }

    unsafe fn staged(&self, first: usize, _items: usize, stage: *mut u8) -> Self {
        let first = if N::BY_WORKER {
            self.first
        } else if self.is_staged() {
            stage.cast()
        } else {
            // SAFETY: the slot of the first index lies within the output.
            unsafe { self.first.offset(first as isize * self.step) }
        };
        ArraySlots { first, ..self.clone() }
    }

    #[inline(always)]
    unsafe fn refill(&self, at: Position) {
        if self.is_filled && self.is_staged() {
            // SAFETY: as the caller promises.
            unsafe { self.reset(at) };
        }
    }

    unsafe fn stream_out(&self, staged: &Self, indices: &Range<usize>) {
        if self.is_staged() {
            let size = self.dim.size();
            // SAFETY: the slots of these indices lie back to back, here as in the stage.
            unsafe {
                let to = self.first.add(indices.start * size);
                stream(staged.first, to, indices.len() * size);
            }
        }
    }
}
