//! Slots of one element: `&mut A`.
//!
//! Elements are copied, never cloned: `Clone` is the user's code, which may panic or give another
//! value.

use std::ops::Range;

use super::{Slots, copy_size, elements, never_in_hand, never_staged, no_accumulators, stream};
use crate::output::position::Position;

/// Slots of one element for each index, back to back.
#[derive(Debug)]
pub struct IndexScalars<A> {
    pub(in crate::output) first: *mut A,
    pub(in crate::output) fill: A,
    /// Whether the kernel counts on the fill value.
    pub(in crate::output) is_filled: bool,
}

/// Slots of one element for each worker, `step` elements apart.
#[derive(Debug)]
pub struct WorkerScalars<A> {
    pub(in crate::output) first: *mut A,
    pub(in crate::output) step: usize,
}

impl<A: Copy> Clone for IndexScalars<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        IndexScalars { ..*self }
    }
}

impl<A> Clone for WorkerScalars<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        WorkerScalars { ..*self }
    }
}

// SAFETY: slot `index` is element `index`.
unsafe impl<A: Copy + Send + Sync + 'static> Slots for IndexScalars<A> {
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
        unsafe { *self.slot(at) = self.fill };
    }

    no_accumulators!();

    never_in_hand!();

    fn stage_size(&self, items: usize) -> usize {
        copy_size::<A>(items)
    }

    unsafe fn staged(&self, _first: usize, _items: usize, stage: *mut u8) -> Self {
        IndexScalars { first: stage.cast(), ..self.clone() }
    }

    #[inline(always)]
    unsafe fn refill(&self, at: Position) {
        if self.is_filled {
            // SAFETY: as the caller promises.
            unsafe { self.reset(at) };
        }
    }

    unsafe fn stream_out(&self, staged: &Self, indices: &Range<usize>) {
        // SAFETY: the output was attached with these indices, and the stage has their elements.
        unsafe { stream(staged.first, self.first.add(indices.start), indices.len()) };
    }
}

// SAFETY: slots of different workers are `step` elements apart, at least one.
unsafe impl<A: Copy + Send + Sync + 'static> Slots for WorkerScalars<A> {
    type Slot<'s> = &'s mut A;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> &'s mut A {
        // SAFETY: the output was attached with room for more than `worker_id` steps, and the
        // caller alone is this worker.
        unsafe { &mut *self.first.add(at.worker_id * self.step) }
    }

    unsafe fn places(&self, _indices: &Range<usize>, _visit: &mut dyn FnMut(Range<usize>)) {}

    #[inline(always)]
    unsafe fn reset(&self, _at: Position) {}

    const BY_WORKER: bool = true;

    fn checkpoint_size(&self) -> usize {
        copy_size::<A>(1)
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        // SAFETY: as the caller promises; `to` is aligned for and has room for an element.
        unsafe { to.cast::<A>().write(*self.slot(Position { index: 0, worker_id })) };
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        // SAFETY: as the caller promises; `save` wrote an element.
        unsafe { *self.slot(Position { index: 0, worker_id }) = from.cast::<A>().read() };
    }

    type InHand = A;

    #[inline(always)]
    unsafe fn take(&self, worker_id: usize) -> A {
        // SAFETY: as the caller promises.
        unsafe { *self.slot(Position { index: 0, worker_id }) }
    }

    #[inline(always)]
    unsafe fn slot_in_hand<'s>(&self, _at: Position, in_hand: &'s mut A) -> &'s mut A {
        in_hand
    }

    #[inline(always)]
    unsafe fn put_back(&self, worker_id: usize, in_hand: &A) {
        // SAFETY: as the caller promises.
        unsafe { *self.slot(Position { index: 0, worker_id }) = *in_hand };
    }

    never_staged!();

    unsafe fn staged(&self, _first: usize, _items: usize, _stage: *mut u8) -> Self {
        self.clone()
    }
}
