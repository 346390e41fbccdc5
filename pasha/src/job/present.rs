//! Which indices of a map have an item, where some may have none: of these there is nothing to do,
//! so that work is split by the others.

use std::ops::Range;

/// Bits of a word.
const BITS: usize = u64::BITS as usize;

/// The indices of a map that have an item.
#[derive(Debug)]
pub(crate) struct PresentItems {
    /// A bit for each index, set where there is an item.
    words: Vec<u64>,
    /// The number of items before each word, and at last that of all.
    before: Vec<usize>,
}

impl PresentItems {
    /// Looks which of `len` indices have an item.
    pub(crate) fn new(len: usize, is_present: impl Fn(usize) -> bool) -> Self {
        let word = |start: usize| {
            let bits = start..len.min(start.saturating_add(BITS));
            bits.fold(0, |word, index| word | u64::from(is_present(index)) << (index - start))
        };
        let words: Vec<u64> = (0..len).step_by(BITS).map(word).collect();
        let mut all = 0;
        let mut before = Vec::with_capacity(words.len() + 1);
        before.push(0);
        before.extend(words.iter().map(|word| {
            all += word.count_ones() as usize;
            all
        }));
        PresentItems { words, before }
    }

    /// The number of items.
    pub(crate) fn count(&self) -> usize {
        self.before.last().copied().unwrap_or_default()
    }

    /// The number of items before an index.
    pub(crate) fn before(&self, index: usize) -> usize {
        let (number, bit) = (index / BITS, index % BITS);
        match self.words.get(number) {
            Some(word) => self.before[number] + (word & ((1 << bit) - 1)).count_ones() as usize,
            None => self.count(),
        }
    }

    /// The number of items in a range of indices.
    pub(crate) fn within(&self, range: &Range<usize>) -> usize {
        self.before(range.end).saturating_sub(self.before(range.start))
    }

    /// The number of items at the indices whose bits are set in these words.
    pub(crate) fn among(&self, words: &[u64]) -> usize {
        let both = self.words.iter().zip(words);
        both.map(|(items, indices)| (items & indices).count_ones() as usize).sum()
    }

    /// The index of the item of this number, counted from 0.
    pub(crate) fn index(&self, item: usize) -> Option<usize> {
        let number = self.before.partition_point(|&before| before <= item).checked_sub(1)?;
        let mut word = *self.words.get(number)?;
        for _ in self.before[number]..item {
            word &= word - 1;
        }
        Some(number * BITS + word.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_and_found() {
        for (len, every) in [(0, 1), (1, 1), (64, 1), (1000, 3), (1000, 130), (129, 200)] {
            let is_present = |index: usize| index % every == every / 2;
            let present = PresentItems::new(len, is_present);
            let indices: Vec<usize> = (0..len).filter(|&index| is_present(index)).collect();
            assert_eq!(present.count(), indices.len());
            for (item, &index) in indices.iter().enumerate() {
                assert_eq!((present.index(item), present.before(index)), (Some(index), item));
                assert_eq!(present.before(index + 1), item + 1);
            }
            assert_eq!(present.index(indices.len()), None);
            assert_eq!(present.within(&(0..len)), indices.len());
            assert_eq!(present.within(&(len..len + 10)), 0);
            assert_eq!(present.among(&vec![u64::MAX; len.div_ceil(BITS)]), indices.len());
            assert_eq!(present.among(&[1]), usize::from(len > 0 && is_present(0)));
        }
    }
}
