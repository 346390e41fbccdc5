//! How many items a rank gets at a time, at rank 0.
//!
//! A rank gets few items at first, and then what it does in a part of the time that is left, by how
//! fast it and the others are. So a rank that is ten times slower gets a tenth, one that starts
//! late finds work, and what is claimed ahead is never much.

use std::ops::Range;

use crate::job::board::least_block;

/// A grant is this part of what a rank does in the time that is left.
const PARTS: f64 = 4.0;
/// Grants grow by this at most, because the first items may not be like the others.
const GROWTH: usize = 8;
/// Seconds that a grant takes at least, if that is up to us.
const WORTH_A_MESSAGE: f64 = 0.000_3;

/// What a rank asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ItemRequest {
    /// Workers that wait.
    pub(super) waiting: usize,
    /// Items a second that its workers do; 0 if that is not known yet.
    pub(super) rate: f64,
}

/// The items that nobody has been granted, and how fast the ranks are.
#[derive(Debug)]
pub(super) struct Balance {
    /// In reverse order.
    missing: Vec<Range<usize>>,
    remaining: usize,
    len: usize,
    /// Blocks start at multiples of this, so that what is read together stays together.
    together: usize,
    rates: Vec<f64>,
    /// The size of the last grant of each rank.
    last: Vec<usize>,
    /// Grants so far, for the counts.
    pub(super) grants: usize,
}

impl Balance {
    /// These items, for as many ranks as there are numbers of workers.
    pub(super) fn new(
        missing: Vec<Range<usize>>,
        len: usize,
        together: usize,
        num_ranks: usize,
    ) -> Balance {
        let remaining = missing.iter().map(ExactSizeIterator::len).sum();
        Balance {
            missing: missing.into_iter().rev().collect(),
            remaining,
            len,
            together: together.max(1),
            rates: vec![0.0; num_ranks],
            last: vec![0; num_ranks],
            grants: 0,
        }
    }

    /// The next items for a rank; `None` when none are left.
    pub(super) fn grant(&mut self, rank: usize, wish: ItemRequest) -> Option<Range<usize>> {
        self.rates[rank] = wish.rate;
        let size = self.size(rank, wish);
        let next = self.missing.last_mut()?;
        // To a multiple of what is read together, counted from index 0.
        let end = next.start.saturating_add(size).checked_next_multiple_of(self.together);
        let end = end.unwrap_or(next.end).min(next.end);
        let block = next.start..end;
        next.start = end;
        if next.start == next.end {
            self.missing.pop();
        }
        self.remaining -= block.len();
        self.last[rank] = block.len();
        self.grants += 1;
        Some(block)
    }

    fn size(&self, rank: usize, wish: ItemRequest) -> usize {
        let least = wish.waiting.max(1).max(least_block(self.len));
        if wish.rate <= 0.0 {
            return least;
        }
        let all: f64 = self.rates.iter().sum();
        let part = self.remaining as f64 * (wish.rate / all) / PARTS;
        let size = part.max(wish.rate * WORTH_A_MESSAGE) as usize;
        size.min(self.last[rank].max(1).saturating_mul(GROWTH)).max(least)
    }

    /// No more items are granted.
    pub(super) fn stop(&mut self) {
        self.missing.clear();
        self.remaining = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks of one worker each that take so many seconds for an item; what comes out is how long
    /// the slowest worked, by what all would take together, and the number of grants.
    fn simulate(seconds: &[f64], len: usize) -> (f64, usize) {
        let whole = 0..len;
        let mut balance = Balance::new(vec![whole], len, 1, seconds.len());
        let mut busy = vec![0.0_f64; seconds.len()];
        let mut done = vec![0; seconds.len()];
        let mut seen = vec![0_u8; len];
        loop {
            let next = (0..busy.len()).min_by(|&a, &b| busy[a].total_cmp(&busy[b])).unwrap();
            let rate = if busy[next] > 0.0 { done[next] as f64 / busy[next] } else { 0.0 };
            let Some(block) = balance.grant(next, ItemRequest { waiting: 1, rate }) else { break };
            busy[next] += block.len() as f64 * seconds[next];
            done[next] += block.len();
            block.for_each(|index| seen[index] += 1);
        }
        assert!(seen.iter().all(|&times| times == 1));
        let ideal = len as f64 / seconds.iter().map(|seconds| 1.0 / seconds).sum::<f64>();
        (busy.iter().copied().fold(0.0, f64::max) / ideal, balance.grants)
    }

    #[test]
    fn fast_and_slow_ranks_end_together() {
        for (seconds, len) in
            [(vec![0.005; 2], 1200), (vec![0.001, 0.01], 2000), (vec![0.01; 64], 64_000)]
        {
            let (ratio, grants) = simulate(&seconds, len);
            assert!(ratio < 1.06, "{ratio} of ideal for {seconds:?}");
            assert!(grants < 80 * seconds.len(), "{grants} grants for {} ranks", seconds.len());
        }
    }

    #[test]
    fn grants_end_at_multiples_of_what_is_read_together() {
        let mut balance = Balance::new(vec![0..10, 13..20], 20, 4, 1);
        let wish = ItemRequest { waiting: 3, rate: 0.0 };
        let grants: Vec<_> = std::iter::from_fn(|| balance.grant(0, wish)).collect();
        assert_eq!(grants, [0..4, 4..8, 8..10, 13..16, 16..20]);
    }
}
