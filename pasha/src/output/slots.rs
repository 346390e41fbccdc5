//! Where workers write: raw access to the slots of outputs, one slot for each index or worker.
//!
//! This is the only place that turns "this worker runs this index" into the right to write. The
//! contract of [`Slots::slot`] is upheld by the worker loop (`job`), which gets an index from the
//! share that it claimed, so that no other worker has it, and a worker number from the seat that
//! it took, so that no other worker has that.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayView, ArrayViewMut, Dimension, Ix1, ShapeBuilder};

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

    /// Calls `visit` with the addresses at which the slots of these indices lie, output by output;
    /// leaves out outputs whose slots lie between each other, and accumulators.
    ///
    /// # Safety
    /// The indices are below that which the output was attached for, and it is alive.
    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>));

    /// Whether there are accumulators among them: slots that belong to workers.
    const BY_WORKER: bool;

    /// Puts the slot of an index back to its fill value, or to zeros; leaves accumulators alone.
    ///
    /// # Safety
    /// As for [`slot`](Self::slot), and no slot of the index is alive.
    unsafe fn reset(&self, at: Position);

    /// The bytes that a copy of one worker's accumulators takes, a multiple of `COPY_ALIGN`.
    fn checkpoint_size(&self) -> usize;

    /// Copies the accumulators of a worker to another place.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for, and none of its slots is alive. `to` is aligned to `COPY_ALIGN` and valid for writes
    /// of [`checkpoint_size`](Self::checkpoint_size) bytes that nothing else uses.
    unsafe fn save(&self, worker_id: usize, to: *mut u8);

    /// Copies the accumulators of a worker back.
    ///
    /// # Safety
    /// As for [`save`](Self::save), and `save` has written what is at `from`.
    unsafe fn load(&self, worker_id: usize, from: *const u8);
}

/// The alignment of copies of accumulators.
pub(crate) const COPY_ALIGN: usize = 128;

/// The address of an element.
fn elements<A>(first: *mut A, index: usize) -> usize {
    first.wrapping_add(index).addr()
}

/// Bytes of a copy of this many elements.
fn copy_size<A>(len: usize) -> usize {
    const { assert!(align_of::<A>() <= COPY_ALIGN) };
    (len * size_of::<A>()).next_multiple_of(COPY_ALIGN)
}

/// What slots of indices need not do: they have no accumulators.
macro_rules! no_accumulators {
    () => {
        const BY_WORKER: bool = false;

        fn checkpoint_size(&self) -> usize {
            0
        }

        unsafe fn save(&self, _worker_id: usize, _to: *mut u8) {}

        unsafe fn load(&self, _worker_id: usize, _from: *const u8) {}
    };
}

// SAFETY: there are no slots.
unsafe impl Slots for () {
    type Slot<'s> = ();

    #[inline(always)]
    unsafe fn slot<'s>(&self, _at: Position) -> Self::Slot<'s> {}

    unsafe fn places(&self, _indices: &Range<usize>, _visit: &mut dyn FnMut(Range<usize>)) {}

    #[inline(always)]
    unsafe fn reset(&self, _at: Position) {}

    no_accumulators!();
}

// SAFETY: each part gives slots of its own output, which differ by what the parts promise.
unsafe impl<S: Slots, L: Slots> Slots for (S, L) {
    type Slot<'s> = (S::Slot<'s>, L::Slot<'s>);

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> Self::Slot<'s> {
        // SAFETY: the caller's promises are those of both parts.
        unsafe { (self.0.slot(at), self.1.slot(at)) }
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        // SAFETY: the caller's promises are those of both parts.
        unsafe {
            self.0.places(indices, visit);
            self.1.places(indices, visit);
        }
    }

    const BY_WORKER: bool = S::BY_WORKER || L::BY_WORKER;

    #[inline(always)]
    unsafe fn reset(&self, at: Position) {
        // SAFETY: the caller's promises are those of both parts.
        unsafe {
            self.0.reset(at);
            self.1.reset(at);
        }
    }

    fn checkpoint_size(&self) -> usize {
        self.0.checkpoint_size() + self.1.checkpoint_size()
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        // SAFETY: the caller's promises are those of both parts, whose copies lie one behind the
        // other.
        unsafe {
            self.0.save(worker_id, to);
            self.1.save(worker_id, to.add(self.0.checkpoint_size()));
        }
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        // SAFETY: as above.
        unsafe {
            self.0.load(worker_id, from);
            self.1.load(worker_id, from.add(self.0.checkpoint_size()));
        }
    }
}

/// Slots of one element for each index, back to back: `&mut A`.
#[derive(Debug)]
pub struct IndexScalars<A> {
    pub(super) first: *mut A,
    pub(super) fill: A,
}

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
    pub(super) fill: A,
    pub(super) number: PhantomData<N>,
}

/// Slots of a length of their own for each index, back to back: `ArrayViewMut1<A>`.
#[derive(Debug)]
pub struct RaggedSlots<A> {
    pub(super) first: *mut A,
    /// One more offset than there are indices, rising.
    pub(super) offsets: *const usize,
    pub(super) fill: A,
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

impl<A: Clone> Clone for IndexScalars<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        IndexScalars { first: self.first, fill: self.fill.clone() }
    }
}

impl<A> Clone for WorkerScalars<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        WorkerScalars { ..*self }
    }
}

impl<A: Clone, D: Clone, N> Clone for ArraySlots<A, D, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ArraySlots {
            first: self.first,
            step: self.step,
            dim: self.dim.clone(),
            strides: self.strides.clone(),
            fill: self.fill.clone(),
            number: PhantomData,
        }
    }
}

impl<A: Clone> Clone for RaggedSlots<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        RaggedSlots { first: self.first, offsets: self.offsets, fill: self.fill.clone() }
    }
}

macro_rules! send_with_elements {
    ($($slots:ident<$($arg:ident),+>),+) => {$(
        // SAFETY: slots stand for `&mut A`s of different places, which may go to any thread if
        // the elements may. Elements are plain values, so several threads may hold the address.
        unsafe impl<$($arg: Send),+> Send for $slots<$($arg),+> {}
        // SAFETY: as above; sharing the address gives no access but through `Slots`, and sharing
        // the fill value is sharing a plain value.
        unsafe impl<$($arg: Send + Sync),+> Sync for $slots<$($arg),+> {}
    )+};
}
send_with_elements!(IndexScalars<A>, WorkerScalars<A>, ArraySlots<A, D, N>, RaggedSlots<A>);

// SAFETY: slot `index` is element `index`.
unsafe impl<A: Clone + Send + Sync + 'static> Slots for IndexScalars<A> {
    type Slot<'s> = &'s mut A;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> &'s mut A {
        // SAFETY: the output was attached with more than `index` contiguous elements, and the
        // caller alone has this index.
        unsafe { &mut *self.first.add(at.index) }
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        visit(elements(self.first, indices.start)..elements(self.first, indices.end));
    }

    #[inline(always)]
    unsafe fn reset(&self, at: Position) {
        // SAFETY: as the caller promises.
        unsafe { *self.slot(at) = self.fill.clone() };
    }

    no_accumulators!();
}

// SAFETY: slot `worker_id` is element `worker_id * step`, and `step` is at least 1.
unsafe impl<A: Clone + Send + Sync + 'static> Slots for WorkerScalars<A> {
    type Slot<'s> = &'s mut A;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> &'s mut A {
        // SAFETY: the output was attached with room for more than `worker_id` steps, and the
        // caller alone is this worker.
        unsafe { &mut *self.first.add(at.worker_id * self.step) }
    }

    unsafe fn places(&self, _indices: &Range<usize>, _visit: &mut dyn FnMut(Range<usize>)) {}

    const BY_WORKER: bool = true;

    #[inline(always)]
    unsafe fn reset(&self, _at: Position) {}

    fn checkpoint_size(&self) -> usize {
        copy_size::<A>(1)
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        // SAFETY: as the caller promises; `to` is aligned for and has room for an element.
        unsafe { to.cast::<A>().write(self.slot(Position { index: 0, worker_id }).clone()) };
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        // SAFETY: as the caller promises; `save` wrote an element.
        unsafe { *self.slot(Position { index: 0, worker_id }) = from.cast::<A>().read() };
    }
}

// SAFETY: slots are the sub-arrays of an array along one axis, which do not overlap.
unsafe impl<A: Clone + Send + Sync + 'static, D: Dimension, N: Number> Slots
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
        let steps = |axis: usize| (self.dim[axis].max(1) - 1) * self.strides[axis];
        // Elements from the first of a slot to behind its last.
        let extent: usize = 1 + (0..self.dim.ndim()).map(steps).sum::<usize>();
        let in_order = usize::try_from(self.step).is_ok_and(|step| step >= extent);
        if !N::BY_WORKER && in_order && !indices.is_empty() && self.dim.size() > 0 {
            let step = self.step as usize;
            let end = (indices.end - 1) * step + extent;
            visit(elements(self.first, indices.start * step)..elements(self.first, end));
        }
    }

    const BY_WORKER: bool = N::BY_WORKER;

    #[inline(always)]
    unsafe fn reset(&self, at: Position) {
        if !N::BY_WORKER {
            // SAFETY: as the caller promises.
            unsafe { self.slot(at) }.fill(self.fill.clone());
        }
    }

    fn checkpoint_size(&self) -> usize {
        if N::BY_WORKER { copy_size::<A>(self.dim.size()) } else { 0 }
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        if N::BY_WORKER {
            // SAFETY: as the caller promises; `to` is aligned and has room for these elements,
            // which are plain values, so that whatever bytes are there may be overwritten.
            unsafe {
                let slot = self.slot(Position { index: 0, worker_id });
                ArrayViewMut::from_shape_ptr(self.dim.clone(), to.cast::<A>()).assign(&slot);
            }
        }
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        if N::BY_WORKER {
            // SAFETY: as the caller promises; `save` wrote these elements.
            unsafe {
                let copy = ArrayView::from_shape_ptr(self.dim.clone(), from.cast::<A>());
                self.slot(Position { index: 0, worker_id }).assign(&copy);
            }
        }
    }
}

// SAFETY: slots are `offsets[i]..offsets[i + 1]` of rising offsets, which do not overlap.
unsafe impl<A: Clone + Send + Sync + 'static> Slots for RaggedSlots<A> {
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

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        // SAFETY: there is one offset more than indices, as in `slot`.
        let (start, end) =
            unsafe { (*self.offsets.add(indices.start), *self.offsets.add(indices.end)) };
        visit(elements(self.first, start)..elements(self.first, end));
    }

    #[inline(always)]
    unsafe fn reset(&self, at: Position) {
        // SAFETY: as the caller promises.
        unsafe { self.slot(at) }.fill(self.fill.clone());
    }

    no_accumulators!();
}
