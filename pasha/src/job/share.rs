//! How the indices are split into shares.

use std::num::NonZeroUsize;
use std::ops::Range;

/// How a map's indices are split into shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Splitting {
    /// Each claim takes a part of what remains: large shares first, small ones at the end, so
    /// that workers end together however unequal the items are.
    #[default]
    Guided,
    /// Claims of a fixed number of items.
    Fixed(NonZeroUsize),
    /// One balanced slice for each worker, the same in every run.
    Static,
}

/// Splits `len` items into `parts` balanced, contiguous slices: part `i` is
/// `i * len / parts .. (i + 1) * len / parts`.
///
/// This is how static splitting divides the work, and how the Python original does.
///
/// # Examples
/// ```
/// let parts: Vec<_> = pasha::split(4, 2).collect();
/// assert_eq!(parts, [0..2, 2..4]);
/// ```
pub fn split(len: usize, parts: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
    (0..parts).map(move |part| part_of(len, parts, part))
}

fn part_of(len: usize, parts: usize, part: usize) -> Range<usize> {
    // In u128 the products can't overflow, and the quotients are at most `len`.
    let bound = |part: usize| (part as u128 * len as u128 / parts as u128) as usize;
    bound(part)..bound(part + 1)
}

/// The part of what remains that a guided claim takes, for each worker: a quarter of an even
/// share. Measured: smaller parts cost claims without ending more evenly.
const PARTS_PER_WORKER: usize = 4;

/// Splits the indices of one map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) splitting: Splitting,
    pub(crate) len: usize,
    pub(crate) num_workers: usize,
    /// Shares start at multiples of this, so that what is read together stays together.
    pub(crate) together: usize,
}

impl Shares {
    /// The share that starts at this index, the first that nobody has claimed; `None` when all
    /// are claimed, or where shares are not claimed but given.
    pub(super) fn next(&self, start: usize) -> Option<Range<usize>> {
        if self.splitting == Splitting::Static {
            return None;
        }
        let remaining = self.len.checked_sub(start).filter(|&remaining| remaining > 0)?;
        Some(start..start + self.size(remaining))
    }

    /// The share that a worker has from the start.
    pub(super) fn given(&self, worker_id: usize) -> Range<usize> {
        match self.splitting {
            Splitting::Static => part_of(self.len, self.num_workers, worker_id),
            Splitting::Guided | Splitting::Fixed(_) => 0..0,
        }
    }

    /// The size of a claim where this many items remain.
    fn size(&self, remaining: usize) -> usize {
        let size = match self.splitting {
            Splitting::Fixed(size) => size.get(),
            // Nobody to share with: the whole at once.
            _ if self.num_workers == 1 => remaining,
            _ => remaining / (PARTS_PER_WORKER * self.num_workers),
        };
        let together = size.max(1).checked_next_multiple_of(self.together.max(1));
        together.map_or(remaining, |size| size.min(remaining))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(shares: Shares) -> Vec<Range<usize>> {
        let mut all: Vec<_> = (0..shares.num_workers).map(|id| shares.given(id)).collect();
        let mut start = 0;
        while let Some(share) = shares.next(start) {
            start = share.end;
            all.push(share);
        }
        all.retain(|share| !share.is_empty());
        all
    }

    #[test]
    fn split_is_that_of_the_original() {
        assert_eq!(split(4, 2).collect::<Vec<_>>(), [0..2, 2..4]);
        assert_eq!(split(3, 3).collect::<Vec<_>>(), [0..1, 1..2, 2..3]);
        assert_eq!(split(2, 3).collect::<Vec<_>>(), [0..0, 0..1, 1..2]);
        assert_eq!(split(usize::MAX, 2).last(), Some(usize::MAX / 2..usize::MAX));
    }

    #[test]
    fn every_index_is_claimed_once() {
        for splitting in
            [Splitting::Guided, Splitting::Static, Splitting::Fixed(NonZeroUsize::new(7).unwrap())]
        {
            for len in [0, 1, 2, 3, 8, 100, 1001] {
                for num_workers in [1, 2, 3, 16] {
                    for together in [1, 5] {
                        let shares = Shares { splitting, len, num_workers, together };
                        let indices: Vec<usize> = claims(shares).into_iter().flatten().collect();
                        assert_eq!(indices, (0..len).collect::<Vec<_>>(), "{shares:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn guided_shares_shrink_and_keep_together_what_is_read_together() {
        let shares =
            Shares { splitting: Splitting::Guided, len: 1000, num_workers: 2, together: 8 };
        let all = claims(shares);
        assert!(all.iter().all(|share| share.start % 8 == 0));
        assert!(all.windows(2).all(|pair| pair[0].len() >= pair[1].len()));
        assert!(all[0].len() >= 120 && all.last().unwrap().len() <= 8);
    }
}
