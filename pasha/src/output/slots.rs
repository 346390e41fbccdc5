//! Where workers write: raw access to the slots of outputs, one slot for each index or worker.
//!
//! This is the only place that turns "this worker runs this index" into the right to write. The
//! contract of [`Slots::slot`] is upheld by the worker loop (`job`), which gets an index from the
//! share that it claimed, so that no other worker has it, and a worker number from the seat that
//! it took, so that no other worker has that.

use std::marker::PhantomData;

use ndarray::{ArrayViewMut, Dimension, Ix1, ShapeBuilder};

use crate::kernel::Position;

/// Raw access to the slots of an output; cheap to copy into a worker's loop.
///
/// # Safety
/// An implementation must give slots of different indices (or, for what belongs to a worker, of
/// different workers) that do not overlap, and be `Send + Sync` only if its elements are `Send`.
pub unsafe trait Slots: Clone + Send + Sync {
    /// What the kernel's parameter gets.
    type Slot<'s>;

    /// The slot at this position.
    ///
    /// # Safety
    /// The caller alone runs `at.index` and alone is worker `at.worker_id`; no slot of the same
    /// position is alive; both numbers are below those that the output was attached for; and the
    /// output outlives the slot.
    unsafe fn slot<'s>(&self, at: Position) -> Self::Slot<'s>;
}

// SAFETY: there are no slots.
unsafe impl Slots for () {
    type Slot<'s> = ();

    #[inline(always)]
    unsafe fn slot<'s>(&self, _at: Position) -> Self::Slot<'s> {}
}

// SAFETY: each part gives slots of its own output, which differ by what the parts promise.
unsafe impl<S: Slots, L: Slots> Slots for (S, L) {
    type Slot<'s> = (S::Slot<'s>, L::Slot<'s>);

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> Self::Slot<'s> {
        // SAFETY: the caller's promises are those of both parts.
        unsafe { (self.0.slot(at), self.1.slot(at)) }
    }
}

/// Slots of one element for each index, back to back: `&mut A`.
#[derive(Debug)]
pub struct IndexScalars<A>(pub(super) *mut A);

/// Slots of one element for each worker, `step` elements apart: `&mut A`.
#[derive(Debug)]
pub struct WorkerScalars<A> {
    pub(super) first: *mut A,
    pub(super) step: usize,
}

/// Slots that are arrays, one for each index or worker: `ArrayViewMut<A, D>`.
#[derive(Debug)]
pub struct ArraySlots<A, D, N> {
    pub(super) first: *mut A,
    /// Elements from one slot to the next; negative where the user has inverted the axis.
    pub(super) step: isize,
    pub(super) dim: D,
    pub(super) strides: D,
    pub(super) number: PhantomData<N>,
}

/// Slots of a length of their own for each index, back to back: `ArrayViewMut1<A>`.
#[derive(Debug)]
pub struct RaggedSlots<A> {
    pub(super) first: *mut A,
    /// One more offset than there are indices, rising.
    pub(super) offsets: *const usize,
}

/// Which number of a position picks the slot: the index or the worker's.
pub trait Number: Send + Sync + 'static {
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
    #[inline(always)]
    fn of(at: Position) -> usize {
        at.index
    }
}

impl Number for EachWorker {
    #[inline(always)]
    fn of(at: Position) -> usize {
        at.worker_id
    }
}

impl<A> Clone for IndexScalars<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        IndexScalars(self.0)
    }
}

impl<A> Clone for WorkerScalars<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        WorkerScalars { ..*self }
    }
}

impl<A, D: Clone, N> Clone for ArraySlots<A, D, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ArraySlots { dim: self.dim.clone(), strides: self.strides.clone(), ..*self }
    }
}

impl<A> Clone for RaggedSlots<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        RaggedSlots { ..*self }
    }
}

macro_rules! send_with_elements {
    ($($slots:ident<$($arg:ident),+>),+) => {$(
        // SAFETY: slots stand for `&mut A`s of different places, which may go to any thread if
        // the elements may. Elements are plain values, so several threads may hold the address.
        unsafe impl<$($arg: Send),+> Send for $slots<$($arg),+> {}
        // SAFETY: as above; sharing the address gives no access but through `Slots::slot`.
        unsafe impl<$($arg: Send),+> Sync for $slots<$($arg),+> {}
    )+};
}
send_with_elements!(IndexScalars<A>, WorkerScalars<A>, ArraySlots<A, D, N>, RaggedSlots<A>);

// SAFETY: slot `index` is element `index`.
unsafe impl<A: Send + 'static> Slots for IndexScalars<A> {
    type Slot<'s> = &'s mut A;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> &'s mut A {
        // SAFETY: the output was attached with more than `index` contiguous elements, and the
        // caller alone has this index.
        unsafe { &mut *self.0.add(at.index) }
    }
}

// SAFETY: slot `worker_id` is element `worker_id * step`, and `step` is at least 1.
unsafe impl<A: Send + 'static> Slots for WorkerScalars<A> {
    type Slot<'s> = &'s mut A;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> &'s mut A {
        // SAFETY: the output was attached with room for more than `worker_id` steps, and the
        // caller alone is this worker.
        unsafe { &mut *self.first.add(at.worker_id * self.step) }
    }
}

// SAFETY: slots are the sub-arrays of an array along one axis, which do not overlap.
unsafe impl<A: Send + 'static, D: Dimension, N: Number> Slots for ArraySlots<A, D, N> {
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
}

// SAFETY: slots are `offsets[i]..offsets[i + 1]` of rising offsets, which do not overlap.
unsafe impl<A: Send + 'static> Slots for RaggedSlots<A> {
    type Slot<'s> = ArrayViewMut<'s, A, Ix1>;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> ArrayViewMut<'s, A, Ix1> {
        // SAFETY: there is one offset more than indices, they rise, the last is the number of
        // values, nobody writes them during the map, and the caller alone has the index.
        unsafe {
            let start = *self.offsets.add(at.index);
            let end = *self.offsets.add(at.index + 1);
            ArrayViewMut::from_shape_ptr(Ix1(end - start), self.first.add(start))
        }
    }
}
