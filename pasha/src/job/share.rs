//! How the indices are split into shares.

use std::ops::Range;

use super::present::PresentItems;
use crate::element::CACHE_LINES;
use crate::memory::HUGE_PAGE;
use crate::options::Splitting;

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

/// The part of what remains that a guided claim takes, for each worker: an eighth of an even
/// share. With a quarter, slow items that lie together make one worker end long after the others.
const PARTS_PER_WORKER: usize = 8;
/// The first claims take this part of an even share, because the first items may be slow …
const FIRST_PARTS_PER_WORKER: usize = 64;
/// … and the next ones at most this part of what each worker has claimed on average.
const GROWTH: usize = 2;

/// Splits the indices of one map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares<'m> {
    pub(crate) splitting: Splitting,
    pub(crate) len: usize,
    pub(crate) num_workers: usize,
    /// Shares start at multiples of this, so that what is read together stays together.
    pub(crate) together: usize,
    /// Parts of static splitting end at multiples of this.
    pub(crate) static_step: usize,
    pub(crate) borders: Borders,
    /// Which indices have an item, if some may have none: by these the work is split.
    pub(crate) present: Option<&'m PresentItems>,
}

/// The numbers of items after which pages and cache lines of the outputs end: large shares end
/// there, so that no two workers write one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Borders {
    page: Option<usize>,
    line: Option<usize>,
}

impl Borders {
    /// Adds an output whose items have this many bytes.
    pub(crate) fn add(&mut self, item: usize) {
        let larger = |border: Option<usize>, span: usize| match span.checked_rem(item) {
            Some(0) => border.max(Some(span / item)),
            _ => border,
        };
        self.page = larger(self.page, HUGE_PAGE);
        self.line = larger(self.line, CACHE_LINES);
    }

    /// The last border in `start..end`, if one is near its end.
    fn before(self, start: usize, end: usize) -> Option<usize> {
        let border = |every: usize, enough: usize| {
            let last = end / every * every;
            (end - start >= enough * every && last > start).then_some(last)
        };
        let page = self.page.and_then(|page| border(page, 1));
        page.or_else(|| self.line.and_then(|line| border(line, ENOUGH)))
    }
}

/// A share of this many cache lines loses little by ending at the end of one.
const ENOUGH: usize = 4;

/// A page's items are quickly done if they take less than this many claims that are worth it …
const QUICK: usize = 16;
/// … and there are many pages if each worker has this many.
const MANY_PAGES: usize = 64;

impl Shares<'_> {
    /// The share that starts at this index, the first that nobody has claimed; `None` when all
    /// are claimed, or where shares are not claimed but given.
    ///
    /// Fewer items than `at_least` are not worth a claim, if that is up to us.
    pub(crate) fn next(&self, start: usize, at_least: usize) -> Option<Range<usize>> {
        if self.splitting == Splitting::Static {
            return None;
        }
        let remaining = self.len.checked_sub(start).filter(|&remaining| remaining > 0)?;
        if let Some(present) = self.present {
            return Some(start..self.end_among(present, start));
        }
        let end = start + self.size(remaining, at_least);
        let may_move = self.splitting == Splitting::Guided && self.together <= 1 && end < self.len;
        let border = self.borders.before(start, end).filter(|_| may_move);
        Some(start..border.unwrap_or(end))
    }

    /// The items of a page, where so many are quickly done and there are so many pages that nobody
    /// waits long for whoever has the last: then no page has two writers.
    fn page_to_fill(&self, quickly_done: usize) -> usize {
        match self.borders.page {
            Some(page)
                if page <= QUICK * quickly_done
                    && self.len / page >= MANY_PAGES * self.num_workers =>
            {
                page
            }
            _ => 0,
        }
    }

    /// The share that a worker has from the start.
    pub(crate) fn given(&self, worker_id: usize) -> Range<usize> {
        match self.splitting {
            Splitting::Static => {
                let step = self.static_step.max(1);
                if let Some(present) = self.present {
                    let parts = part_of(present.count(), self.num_workers, worker_id);
                    let bound = |item: usize| match item {
                        0 => 0,
                        item => self.bound(present.index(item), step),
                    };
                    let is_last = worker_id + 1 == self.num_workers;
                    return bound(parts.start)..if is_last { self.len } else { bound(parts.end) };
                }
                let parts = part_of(self.len.div_ceil(step), self.num_workers, worker_id);
                let index = |part: usize| part.saturating_mul(step).min(self.len);
                index(parts.start)..index(parts.end)
            }
            Splitting::Guided | Splitting::Fixed(_) => 0..0,
        }
    }

    /// The end of the share that starts at this index, by the items that are there.
    fn end_among(&self, present: &PresentItems, start: usize) -> usize {
        let before = present.before(start);
        let remaining = present.before(self.len) - before;
        let size = match self.splitting {
            Splitting::Fixed(size) => size.get(),
            _ if self.num_workers == 1 => remaining,
            // Few claims are saved by larger ones at the end, and slow items may be behind many
            // indices without one.
            _ => self.part(before, remaining).max(1),
        };
        match size < remaining {
            true => self.bound(present.index(before + size), self.together.max(1)),
            false => self.len,
        }
    }

    /// The first multiple of `step` from an index on, within the map.
    fn bound(&self, index: Option<usize>, step: usize) -> usize {
        index
            .and_then(|index| index.checked_next_multiple_of(step))
            .unwrap_or(self.len)
            .min(self.len)
    }

    /// The part of what remains that is claimed after so many items.
    fn part(&self, claimed: usize, remaining: usize) -> usize {
        let of = |items: usize, parts: usize| items / (parts * self.num_workers);
        let (first, part) =
            (of(claimed + remaining, FIRST_PARTS_PER_WORKER), of(remaining, PARTS_PER_WORKER));
        // A page has one writer even if it is among the first.
        let page = self.borders.page.filter(|&page| page <= part).unwrap_or(0);
        of(claimed, GROWTH).max(first).max(page).min(part)
    }

    /// The size of a claim where this many items remain.
    fn size(&self, remaining: usize, at_least: usize) -> usize {
        let size = match self.splitting {
            Splitting::Fixed(size) => size.get(),
            // Nobody to share with: the whole at once.
            _ if self.num_workers == 1 => remaining,
            _ => {
                let part = self.part(self.len - remaining, remaining);
                part.max(at_least).max(self.page_to_fill(at_least))
            }
        };
        let together = size.max(1).checked_next_multiple_of(self.together.max(1));
        together.map_or(remaining, |size| size.min(remaining))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    fn claims(shares: Shares<'_>) -> Vec<Range<usize>> {
        let mut all: Vec<_> = (0..shares.num_workers).map(|id| shares.given(id)).collect();
        let mut start = 0;
        while let Some(share) = shares.next(start, 1) {
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
            let mut borders = Borders::default();
            borders.add(64 << 10);
            for len in [0, 1, 2, 3, 8, 100, 1001] {
                for num_workers in [1, 2, 3, 16] {
                    for together in [1, 5] {
                        let shares = Shares {
                            splitting,
                            len,
                            num_workers,
                            together,
                            static_step: together,
                            borders,
                            present: None,
                        };
                        let indices: Vec<usize> = claims(shares).into_iter().flatten().collect();
                        assert_eq!(indices, (0..len).collect::<Vec<_>>(), "{shares:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn guided_shares_shrink_and_keep_together_what_is_read_together() {
        let shares = Shares {
            splitting: Splitting::Guided,
            len: 1000,
            num_workers: 2,
            together: 8,
            static_step: 1,
            borders: Borders::default(),
            present: None,
        };
        let all = claims(shares);
        assert!(all.iter().all(|share| share.start % 8 == 0));
        let largest = all.iter().map(|share| share.len()).max().unwrap();
        let at = all.iter().position(|share| share.len() == largest).unwrap();
        assert!(all[at..].windows(2).all(|pair| pair[0].len() >= pair[1].len()));
        assert!(largest >= 48 && all[0].len() <= 8 && all.last().unwrap().len() <= 8, "{all:?}");
    }

    /// How long it takes until all workers have ended, by the least that it could take.
    fn until_the_end(items: &[u64], num_workers: usize) -> f64 {
        let mut borders = Borders::default();
        borders.add(8);
        let shares = Shares {
            splitting: Splitting::Guided,
            len: items.len(),
            num_workers,
            together: 1,
            static_step: 1,
            borders,
            present: None,
        };
        let mut busy = vec![0; num_workers];
        for share in claims(shares) {
            *busy.iter_mut().min().unwrap() += items[share].iter().sum::<u64>();
        }
        let whole: u64 = items.iter().sum();
        *busy.iter().max().unwrap() as f64 * num_workers as f64 / whole as f64
    }

    #[test]
    fn workers_end_together_wherever_the_slow_items_are() {
        const ITEMS: usize = 20_000;
        for num_workers in [2, 3, 16] {
            let check = |slow: Range<usize>, times: u64, most: f64| {
                let time = |index| if slow.contains(&index) { times } else { 1 };
                let items: Vec<u64> = (0..ITEMS).map(time).collect();
                let ratio = until_the_end(&items, num_workers);
                assert!(ratio < most, "{num_workers} workers, {slow:?} {times}: {ratio}");
            };
            let hundredth = ITEMS / 100;
            check(0..hundredth, 100, 1.05);
            check(ITEMS - hundredth..ITEMS, 100, 1.05);
            for part in [2, 10, 20] {
                for begin in 0..part {
                    check(begin * ITEMS / part..(begin + 1) * ITEMS / part, 20, 1.35);
                }
            }
        }
    }

    #[test]
    fn large_guided_shares_end_at_borders() {
        let mut borders = Borders::default();
        // A million bytes fit no page; the others' pages end after 262144 and 524288 items.
        [1_000_000, 8, 4].into_iter().for_each(|item| borders.add(item));
        let (splitting, len) = (Splitting::Guided, 100_000_000);
        let (num_workers, together, static_step, present) = (2, 1, 1, None);
        let all =
            claims(Shares { splitting, len, num_workers, together, static_step, borders, present });
        for share in &all[..all.len() - 1] {
            match share.len() {
                0..128 => {}
                128..524_288 => assert_eq!(share.end % 32, 0, "{share:?}"),
                _ => assert_eq!(share.end % 524_288, 0, "{share:?}"),
            }
        }
        let largest = all.iter().map(|share| share.len()).max().unwrap();
        assert!(largest > 4_000_000 && all.last().unwrap().len() == 1);
    }

    #[test]
    fn shares_are_split_by_the_items_that_are_there() {
        for is_present in [
            (|index| (500..600).contains(&index)) as fn(usize) -> bool,
            |index| index < 100,
            |index| index >= 900,
            |index| index % 10 == 3,
            |_| false,
        ] {
            let present = PresentItems::new(1000, is_present);
            for splitting in [
                Splitting::Guided,
                Splitting::Static,
                Splitting::Fixed(NonZeroUsize::new(7).unwrap()),
            ] {
                for (num_workers, together) in [(1, 1), (2, 1), (3, 8), (200, 1)] {
                    let shares = Shares {
                        splitting,
                        len: 1000,
                        num_workers,
                        together,
                        static_step: together,
                        borders: Borders::default(),
                        present: Some(&present),
                    };
                    let all = claims(shares);
                    let indices: Vec<usize> = all.iter().cloned().flatten().collect();
                    assert_eq!(indices, (0..1000).collect::<Vec<_>>(), "{shares:?}");
                    let largest = all.iter().map(|share| present.within(share)).max().unwrap();
                    let even = present.count().div_ceil(num_workers).max(7);
                    assert!(num_workers == 1 || largest <= even + together, "{all:?}");
                }
            }
        }
    }
}
