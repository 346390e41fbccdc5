//! Claiming a share such that a worker may be killed at any instruction of it.
//!
//! The cursor is one word: the first index that nobody has claimed, and who moved it there. A
//! worker first writes what it is about to claim into its record, then moves the cursor by
//! compare-and-swap, then takes note that it has the share. If it dies in between, the others must
//! find out whether the share was claimed: it was, if the cursor still says so, or if somebody else
//! confirmed it. For whoever moves the cursor on confirms the claim before, in the record of the
//! one who made it, *before* the cursor forgets it. So no share is ever lost, and none run twice.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The shared word from which shares are claimed, with the workers' part of the protocol.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'t> {
    word: &'t AtomicU64,
    /// The number of bits that hold 1 + the number of a worker.
    holder_bits: u32,
}

/// One worker's part: what it is about to claim and what is certain.
#[repr(C)]
pub(crate) struct ShareClaim {
    /// The share that the worker is about to claim, or has claimed.
    start: AtomicUsize,
    end: AtomicUsize,
    /// The end of the last share that the worker has taken note of having.
    taken: AtomicUsize,
    /// The largest end of a share of this worker's that another has seen to be claimed.
    confirmed: AtomicUsize,
}

impl ShareClaim {
    pub(crate) const fn new() -> Self {
        ShareClaim {
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            confirmed: AtomicUsize::new(0),
        }
    }
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(word: &'t AtomicU64, num_workers: usize) -> Self {
        Cursor { word, holder_bits: holder_bits(num_workers) }
    }

    /// The first index that nobody has claimed, and 1 + the number of the worker that claimed
    /// what is before.
    fn unpack(self, word: u64) -> (usize, usize) {
        ((word >> self.holder_bits) as usize, (word & ((1 << self.holder_bits) - 1)) as usize)
    }

    fn pack(self, position: usize, holder: usize) -> u64 {
        (position as u64) << self.holder_bits | holder as u64
    }

    /// The first index that nobody has claimed.
    pub(crate) fn position(self) -> usize {
        self.unpack(self.word.load(Ordering::Acquire)).0
    }

    /// Claims the next share for a worker, or gives `None` when all are claimed.
    ///
    /// `take_note` is called with the share before the claim counts as noted.
    pub(crate) fn claim<'c>(
        self,
        next: impl Fn(usize) -> Option<Range<usize>>,
        worker_id: usize,
        claim_of: impl Fn(usize) -> &'c ShareClaim,
        take_note: impl FnOnce(Range<usize>),
    ) -> Option<Range<usize>> {
        let own = claim_of(worker_id);
        loop {
            let seen = self.word.load(Ordering::Acquire);
            let (start, holder) = self.unpack(seen);
            let share = next(start)?;
            if let Some(before) = holder.checked_sub(1) {
                claim_of(before).confirmed.fetch_max(start, Ordering::AcqRel);
            }
            own.start.store(share.start, Ordering::Release);
            own.end.store(share.end, Ordering::Release);
            let moved = self.pack(share.end, worker_id + 1);
            let swapped =
                self.word.compare_exchange(seen, moved, Ordering::AcqRel, Ordering::Relaxed);
            if swapped.is_ok() {
                take_note(share.clone());
                own.taken.store(share.end, Ordering::Release);
                return Some(share);
            }
        }
    }

    /// The share that a dead worker had claimed without taking note of it, if there is one.
    ///
    /// `take_note` is called as in [`claim`](Self::claim).
    pub(crate) fn recover_claim(
        self,
        own: &ShareClaim,
        worker_id: usize,
        take_note: impl FnOnce(Range<usize>),
    ) {
        let share = own.start.load(Ordering::Acquire)..own.end.load(Ordering::Acquire);
        let noted = own.taken.load(Ordering::Acquire) >= share.end;
        let (position, holder) = self.unpack(self.word.load(Ordering::Acquire));
        let claimed = (holder == worker_id + 1 && position == share.end)
            || own.confirmed.load(Ordering::Acquire) >= share.end;
        if claimed && !noted && !share.is_empty() {
            take_note(share.clone());
            own.taken.store(share.end, Ordering::Release);
        }
    }
}

fn holder_bits(num_workers: usize) -> u32 {
    // One more than there are workers, for "nobody yet".
    (usize::BITS - num_workers.leading_zeros()).max(1)
}

/// The most items that this many workers can claim shares of.
pub(crate) fn most_items(num_workers: usize) -> usize {
    usize::MAX >> holder_bits(num_workers)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::job::share::{Borders, Shares};
    use crate::options::Splitting;

    #[test]
    fn the_largest_position_and_worker_fit_into_a_word() {
        for num_workers in [1, 2, 3, 4, 255, 256, 1000] {
            let word = AtomicU64::new(0);
            let cursor = Cursor::new(&word, num_workers);
            let largest = (most_items(num_workers), num_workers);
            assert_eq!(cursor.unpack(cursor.pack(largest.0, largest.1)), largest);
        }
    }

    /// A worker that goes through the steps of a claim one by one, as `claim` does, so that it
    /// can be stopped for ever after each.
    struct Stepper {
        step: usize,
        seen: u64,
        share: Range<usize>,
    }

    impl Stepper {
        /// Makes one step; true when the share is noted.
        fn step(
            &mut self,
            cursor: Cursor<'_>,
            shares: &Shares<'_>,
            id: usize,
            claims: &[ShareClaim],
        ) -> bool {
            self.step += 1;
            match self.step {
                1 => {
                    self.seen = cursor.word.load(Ordering::Acquire);
                    let (start, _) = cursor.unpack(self.seen);
                    match shares.next(start, 1) {
                        Some(share) => self.share = share,
                        None => self.step = 0,
                    }
                }
                2 => {
                    if let (start, holder @ 1..) = cursor.unpack(self.seen) {
                        claims[holder - 1].confirmed.fetch_max(start, Ordering::AcqRel);
                    }
                }
                3 => claims[id].start.store(self.share.start, Ordering::Release),
                4 => claims[id].end.store(self.share.end, Ordering::Release),
                5 => {
                    let moved = cursor.pack(self.share.end, id + 1);
                    if cursor
                        .word
                        .compare_exchange(self.seen, moved, Ordering::AcqRel, Ordering::Relaxed)
                        .is_err()
                    {
                        self.step = 0;
                    }
                }
                _ => {
                    self.step = 0;
                    claims[id].taken.store(self.share.end, Ordering::Release);
                    return true;
                }
            }
            false
        }
    }

    /// Steps of three workers in any order, each killed and replaced now and then: every index is
    /// noted exactly once.
    #[test]
    fn no_share_is_lost_or_taken_twice_wherever_a_worker_is_killed() {
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 33) as usize % below
        };
        for round in 0..3000 {
            let word = AtomicU64::new(0);
            let cursor = Cursor::new(&word, 3);
            let claims = [const { ShareClaim::new() }; 3];
            let splitting = Splitting::Fixed(NonZeroUsize::new(1 + round % 3).unwrap());
            let shares = Shares {
                splitting,
                len: 20,
                num_workers: 3,
                together: 1,
                static_step: 1,
                borders: Borders::default(),
                present: None,
            };
            let mut workers = [const { Stepper { step: 0, seen: 0, share: 0..0 } }; 3];
            let mut runs = [0; 20];
            while workers.iter().any(|worker| worker.step != 0) || cursor.position() < 20 {
                let id = next(3);
                if next(7) == 0 {
                    // Killed: what it had is found by `settle`, and a new one begins.
                    cursor.recover_claim(&claims[id], id, |share| share.for_each(|i| runs[i] += 1));
                    workers[id] = Stepper { step: 0, seen: 0, share: 0..0 };
                } else if workers[id].step(cursor, &shares, id, &claims) {
                    workers[id].share.clone().for_each(|i| runs[i] += 1);
                }
            }
            assert_eq!(runs, [1; 20], "round {round}");
        }
    }
}
