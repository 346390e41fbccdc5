//! Slots of lists of outputs, nested to the right and ended by `()`.

use std::ops::Range;

use super::{Slots, never_in_hand, never_staged, no_accumulators};
use crate::output::position::Position;

// SAFETY: there are no slots.
unsafe impl Slots for () {
    type Slot<'s> = ();

    #[inline(always)]
    unsafe fn slot<'s>(&self, _at: Position) -> Self::Slot<'s> {}

    unsafe fn places(&self, _indices: &Range<usize>, _visit: &mut dyn FnMut(Range<usize>)) {}

    #[inline(always)]
    unsafe fn reset(&self, _at: Position) {}

    no_accumulators!();

    never_in_hand!();

    never_staged!();

    unsafe fn staged(&self, _first: usize, _items: usize, _stage: *mut u8) {}
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

    #[inline(always)]
    unsafe fn reset(&self, at: Position) {
        // SAFETY: the caller's promises are those of both parts.
        unsafe {
            self.0.reset(at);
            self.1.reset(at);
        }
    }

    const BY_WORKER: bool = S::BY_WORKER || L::BY_WORKER;

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

    type InHand = (S::InHand, L::InHand);

    #[inline(always)]
    unsafe fn take(&self, worker_id: usize) -> Self::InHand {
        // SAFETY: the caller's promises are those of both parts.
        unsafe { (self.0.take(worker_id), self.1.take(worker_id)) }
    }

    #[inline(always)]
    unsafe fn slot_in_hand<'s>(
        &self,
        at: Position,
        in_hand: &'s mut Self::InHand,
    ) -> Self::Slot<'s> {
        // SAFETY: the caller's promises are those of both parts.
        unsafe {
            (self.0.slot_in_hand(at, &mut in_hand.0), self.1.slot_in_hand(at, &mut in_hand.1))
        }
    }

    #[inline(always)]
    unsafe fn put_back(&self, worker_id: usize, in_hand: &Self::InHand) {
        // SAFETY: the caller's promises are those of both parts.
        unsafe {
            self.0.put_back(worker_id, &in_hand.0);
            self.1.put_back(worker_id, &in_hand.1);
        }
    }

    fn stage_size(&self, items: usize) -> usize {
        self.0.stage_size(items) + self.1.stage_size(items)
    }

    unsafe fn staged(&self, first: usize, items: usize, stage: *mut u8) -> Self {
        // SAFETY: the caller's promises are those of both parts, whose stages lie one behind the
        // other.
        unsafe {
            let second = stage.add(self.0.stage_size(items));
            (self.0.staged(first, items, stage), self.1.staged(first, items, second))
        }
    }

    #[inline(always)]
    unsafe fn refill(&self, at: Position) {
        // SAFETY: the caller's promises are those of both parts.
        unsafe {
            self.0.refill(at);
            self.1.refill(at);
        }
    }

    unsafe fn stream_out(&self, staged: &Self, indices: &Range<usize>) {
        // SAFETY: the caller's promises are those of both parts.
        unsafe {
            self.0.stream_out(&staged.0, indices);
            self.1.stream_out(&staged.1, indices);
        }
    }
}
