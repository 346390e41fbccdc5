//! Which of the finished slots of this rank are still to be sent.

use std::ops::Range;

use crate::job::board::Grants;

/// Slots are sent once there are so many bytes of them …
const ENOUGH_BYTES: usize = 1 << 20;
/// … and no more than this in one message, but for one slot.
const MOST_SLOT_BYTES: usize = 8 << 20;

/// The indices of this rank whose slots are not sent yet.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    ranges: Vec<Range<usize>>,
    /// Items and bytes sent so far, from which the size of further ones is guessed.
    pub(super) items: usize,
    bytes: usize,
}

impl Unsent {
    /// Adds indices that were granted to this rank.
    pub(super) fn add(&mut self, block: Range<usize>) {
        self.ranges.push(block);
    }

    /// The bytes of an item, as far as is known.
    fn item_bytes(&self) -> usize {
        self.bytes.checked_div(self.items).map_or(ENOUGH_BYTES, |bytes| bytes.max(1))
    }

    /// Takes finished indices that are worth a message; with `all`, whatever is finished.
    pub(super) fn take(&mut self, grants: &Grants, all: bool) -> Vec<Range<usize>> {
        let item_bytes = self.item_bytes();
        let most_items = (MOST_SLOT_BYTES / item_bytes).max(1);
        let (mut runs, mut taken, mut left) = (Vec::new(), 0, Vec::new());
        for range in std::mem::take(&mut self.ranges) {
            let mut rest = range.clone();
            while taken < most_items
                && let Some(found) = grants.finished.next(rest.clone())
            {
                let is_worth_it = all || found == range || found.len() * item_bytes >= ENOUGH_BYTES;
                let run = match is_worth_it {
                    true => found.start..found.end.min(found.start + most_items - taken),
                    false => found.start..found.start,
                };
                taken += run.len();
                if rest.start < run.start {
                    left.push(rest.start..run.start);
                }
                if !is_worth_it {
                    left.push(found.clone());
                }
                rest.start = if is_worth_it { run.end } else { found.end };
                if !run.is_empty() {
                    runs.push(run);
                }
            }
            if !rest.is_empty() {
                left.push(rest);
            }
        }
        self.ranges = joined(left);
        runs
    }

    /// Notes that indices were sent in this many bytes.
    pub(super) fn note(&mut self, items: usize, bytes: usize) {
        self.items += items;
        self.bytes += bytes;
    }
}

/// The same indices, with those in one range that follow each other.
fn joined(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut().filter(|last| last.end == range.start) {
            Some(last) => last.end = range.end,
            None => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    #[test]
    fn everything_that_is_finished_is_taken_once() {
        let grants = Grants::new(1000, Memory::Private).unwrap();
        let mut unsent = Unsent::default();
        unsent.add(100..300);
        unsent.add(500..900);
        let mut seen = vec![0; 1000];
        let mut take = |unsent: &mut Unsent, all| {
            let runs = unsent.take(&grants, all);
            let items = runs.iter().map(ExactSizeIterator::len).sum();
            unsent.note(items, items * (ENOUGH_BYTES / 64));
            runs.into_iter().flatten().for_each(|index| seen[index] += 1);
            items
        };
        assert_eq!(take(&mut unsent, true), 0);
        grants.finished.note(120..130);
        assert!(take(&mut unsent, false) > 0, "of the first the size is not known");
        while take(&mut unsent, true) > 0 {}
        grants.finished.note(500..510);
        assert_eq!(take(&mut unsent, false), 0, "too little for a message");
        grants.finished.note(510..700);
        assert!(take(&mut unsent, false) > 0);
        grants.finished.note(100..120);
        grants.finished.note(131..300);
        grants.finished.note(700..900);
        while take(&mut unsent, true) > 0 {}
        let expected = |index: usize| {
            usize::from((100..300).contains(&index) && index != 130 || (500..900).contains(&index))
        };
        assert!((0..1000).all(|index| seen[index] == expected(index)));
        let [last] = unsent.ranges.as_slice() else { panic!("{:?}", unsent.ranges) };
        assert_eq!(*last, 130..131);
    }
}
