//! Beginning a share of which not all items are read.

use std::ops::Range;

use super::Read;
use crate::param::Param;

/// One worker's reader of a source of which some items are chosen.
///
/// [`Read::begin`] promises that all of its share are read. So what is chosen is begun part by
/// part: items without others between them, and those that can't be read without each other.
#[derive(Debug)]
pub(super) struct PartsReader<R> {
    pub(super) reader: R,
    /// The part that is begun, in indices of the source.
    begun: Range<usize>,
    /// How many items of the source are read with each other.
    inseparable: usize,
}

impl<R> PartsReader<R> {
    pub(super) fn new(reader: R, inseparable: usize) -> Self {
        PartsReader { reader, begun: 0..0, inseparable: inseparable.max(1) }
    }

    /// Begins anew with the next item.
    pub(super) fn forget(&mut self) {
        self.begun = 0..0;
    }

    /// Reads an item of the source. `following` are those that are read after it, in order.
    #[inline(always)]
    pub(super) fn read<P: Param>(
        &mut self,
        index: usize,
        following: impl Iterator<Item = usize>,
    ) -> Result<P::Item<'_>, R::Error>
    where
        R: Read<P>,
    {
        if !R::PREPARES_NOTHING && !self.begun.contains(&index) {
            let part = self.part(index, following);
            self.begun = part.clone();
            self.reader.begin(part);
        }
        self.reader.read(index)
    }

    /// The part that begins with an item.
    fn part(&self, index: usize, following: impl Iterator<Item = usize>) -> Range<usize> {
        let (mut last, mut end) = (index, index.saturating_add(1));
        for next in following {
            let is_near = next <= end || next / self.inseparable == last / self.inseparable;
            if next < last || !is_near {
                break;
            }
            last = next;
            end = end.max(next.saturating_add(1));
        }
        index..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_neighbours_and_what_is_inseparable() {
        let part = |inseparable, chosen: &[usize]| {
            PartsReader::new((), inseparable).part(chosen[0], chosen[1..].iter().copied())
        };
        assert_eq!(part(1, &[3, 4, 5, 9]), 3..6);
        assert_eq!(part(1, &[3, 5]), 3..4);
        assert_eq!(part(1, &[3, 3, 4]), 3..5);
        assert_eq!(part(1, &[3, 2]), 3..4);
        assert_eq!(part(10, &[3, 9, 12]), 3..10);
        assert_eq!(part(10, &[3, 9, 10, 17, 21]), 3..18);
        assert_eq!(part(10, &[13]), 13..14);
    }
}
