//! Where workers write: raw access to the slots of outputs, one slot for each index or worker.
//!
//! This is the only place that turns "this worker runs this index" into the right to write. The
//! contract of [`Slots::slot`] is upheld by the worker loop (`job`), which gets an index from the
//! share that it claimed, so that no other worker has it, and a worker number from the seat that
//! it took, so that no other worker has that.

mod array;
mod list;
mod ragged;
mod scalar;

use std::ops::Range;

use crate::element::assert_alignment;
use crate::output::position::Position;
pub(crate) use array::{ArraySlots, EachIndex, EachWorker, Number};
pub(crate) use ragged::RaggedSlots;
pub(crate) use scalar::{IndexScalars, WorkerScalars};

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

    /// Puts the slot of an index back to its fill value, or to zeros; leaves accumulators alone.
    ///
    /// # Safety
    /// As for [`slot`](Self::slot), and no slot of the index is alive.
    unsafe fn reset(&self, at: Position);

    /// Whether there are accumulators among them: slots that belong to workers.
    const BY_WORKER: bool;

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

    /// Copies of the accumulators of one element, in local variables while a block runs.
    type InHand;

    /// Takes copies of a worker's accumulators of one element.
    ///
    /// # Safety
    /// As for [`save`](Self::save).
    unsafe fn take(&self, worker_id: usize) -> Self::InHand;

    /// As [`slot`](Self::slot), but that accumulators of one element are those in hand.
    ///
    /// # Safety
    /// As for `slot`.
    unsafe fn slot_in_hand<'s>(
        &self,
        at: Position,
        in_hand: &'s mut Self::InHand,
    ) -> Self::Slot<'s>;

    /// Puts back what [`take`](Self::take) took.
    ///
    /// # Safety
    /// As for [`save`](Self::save).
    unsafe fn put_back(&self, worker_id: usize, in_hand: &Self::InHand);

    /// The bytes, a multiple of `COPY_ALIGN`, that the slots of this many neighbouring indices
    /// take in a worker's *stage*, from where they are streamed out; 0 if they are not staged, but
    /// written in their place.
    fn stage_size(&self, items: usize) -> usize;

    /// The slots of the indices from `first` on, numbered from 0: those that are staged lie at
    /// `stage`, which has room for `items` of them.
    ///
    /// # Safety
    /// The index is below that which the output was attached for. `stage` is aligned to
    /// `COPY_ALIGN`, and valid for `stage_size(items)` bytes that nothing else uses as long as the
    /// slots are in use: zeros, or what was written through slots of the same kernel and `items`.
    unsafe fn staged(&self, first: usize, items: usize, stage: *mut u8) -> Self;

    /// Sets a staged slot to the fill value that the kernel counts on, if it has one. `self` is
    /// what `staged` has given.
    ///
    /// # Safety
    /// As for [`reset`](Self::reset).
    unsafe fn refill(&self, at: Position);

    /// Writes the slots of these indices that are staged to their place, with streaming stores.
    /// `staged` begins with the slot of the first of them. They are to be
    /// ordered (`memory::stream::order`) before anybody else is told of them.
    ///
    /// # Safety
    /// The caller alone has these indices, none of their slots is alive, and `staged` was made by
    /// `self.staged` for the first of them and at least their number.
    unsafe fn stream_out(&self, staged: &Self, indices: &Range<usize>);
}

/// A worker's accumulators of one element, taken out of the outputs until this is dropped.
///
/// In local variables the compiler can keep them in registers, as in a loop by hand. In the outputs
/// it can't: whatever else the kernel writes might be the same memory, for all that it knows, so
/// each item would wait until the sum of the one before had been stored and loaded again.
pub(crate) struct InHand<'s, S: Slots> {
    slots: &'s S,
    worker_id: usize,
    accumulators: S::InHand,
}

impl<'s, S: Slots> InHand<'s, S> {
    /// Takes a worker's accumulators.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for, and uses its accumulators through [`slot`](Self::slot) alone as long as this lives; no
    /// slot of it is alive.
    #[inline(always)]
    pub(crate) unsafe fn take(slots: &'s S, worker_id: usize) -> Self {
        // SAFETY: as the caller promises.
        InHand { slots, worker_id, accumulators: unsafe { slots.take(worker_id) } }
    }

    /// The slot of an index; `slots` are those of `take`, or staged ones.
    ///
    /// # Safety
    /// As for [`Slots::slot`].
    #[inline(always)]
    pub(crate) unsafe fn slot(&mut self, slots: &S, at: Position) -> S::Slot<'_> {
        // SAFETY: as the caller promises.
        unsafe { slots.slot_in_hand(at, &mut self.accumulators) }
    }
}

impl<S: Slots> Drop for InHand<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: as the caller of `take` promised; the slots that were lent have ended.
        unsafe { self.slots.put_back(self.worker_id, &self.accumulators) };
    }
}

/// The alignment of copies of accumulators, and of stages.
pub(crate) const COPY_ALIGN: usize = crate::element::MOST_ALIGNED;

/// Slots with more bytes are written in their place: a stage for them would not stay in the cache
/// of a core.
const LARGEST_STAGED: usize = 2 << 20;

/// The address of an element.
fn elements<A>(first: *mut A, index: usize) -> usize {
    first.wrapping_add(index).addr()
}

/// Bytes of a copy of this many elements.
fn copy_size<A>(len: usize) -> usize {
    const { assert_alignment::<A>() };
    (len * size_of::<A>()).next_multiple_of(COPY_ALIGN)
}

/// Streams this many elements to their place.
///
/// # Safety
/// `from` is valid for reads and `to` for writes of so many elements, without bytes that are not
/// set, and nothing else uses what is at `to`.
unsafe fn stream<A>(from: *const A, to: *mut A, len: usize) {
    // SAFETY: as the caller promises.
    unsafe { crate::memory::stream::copy(from.cast(), to.cast(), len * size_of::<A>()) };
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
use no_accumulators;

/// What slots need not do that are never taken in hand.
macro_rules! never_in_hand {
    () => {
        type InHand = ();

        #[inline(always)]
        unsafe fn take(&self, _worker_id: usize) {}

        #[inline(always)]
        unsafe fn slot_in_hand<'s>(
            &self,
            at: $crate::kernel::Position,
            _in_hand: &'s mut (),
        ) -> Self::Slot<'s> {
            // SAFETY: as the caller promises.
            unsafe { self.slot(at) }
        }

        #[inline(always)]
        unsafe fn put_back(&self, _worker_id: usize, _in_hand: &()) {}
    };
}
use never_in_hand;

/// What slots need not do that are never staged.
macro_rules! never_staged {
    () => {
        fn stage_size(&self, _items: usize) -> usize {
            0
        }

        #[inline(always)]
        unsafe fn refill(&self, _at: $crate::kernel::Position) {}

        unsafe fn stream_out(&self, _staged: &Self, _indices: &std::ops::Range<usize>) {}
    };
}
use never_staged;

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
