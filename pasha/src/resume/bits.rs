//! A bit for each index, in memory that all workers share.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory::Mapping;

/// The bits of a job file: words of 64, the lowest bit first, as the machine stores them.
#[derive(Clone, Copy)]
pub(super) struct Bits<'b> {
    words: &'b [AtomicU64],
    len: usize,
}

impl<'b> Bits<'b> {
    /// The bytes that this many bits take.
    pub(super) fn bytes(len: usize) -> usize {
        len.div_ceil(64) * size_of::<AtomicU64>()
    }

    /// The bits in a mapping.
    ///
    /// # Panics
    /// Panics if the mapping is too short.
    pub(super) fn of(mapping: &'b Mapping, len: usize) -> Bits<'b> {
        assert!(Self::bytes(len) <= mapping.len(), "the mapping holds all bits");
        // SAFETY: the mapping lives as long as `'b`, is at least this long, as asserted, and begins
        // at a multiple of 4096 bytes, behind the header. Atomics may be written by anybody,
        // and all bytes are valid ones.
        let words = unsafe {
            std::slice::from_raw_parts(mapping.start().as_ptr().cast(), len.div_ceil(64))
        };
        Bits { words, len }
    }

    /// How many are set.
    pub(super) fn count(self) -> usize {
        let ones = |word: &AtomicU64| word.load(Ordering::Acquire).count_ones() as usize;
        self.words.iter().map(ones).sum()
    }

    /// Sets those of a range, after everything that the caller has written before.
    pub(super) fn set(self, range: Range<usize>) {
        for (word, mask) in masks(range.start..range.end.min(self.len)) {
            self.words[word].fetch_or(mask, Ordering::Release);
        }
    }

    /// The first in a row that are not set.
    pub(super) fn next_clear(self, within: Range<usize>) -> Option<Range<usize>> {
        let end = within.end.min(self.len);
        let start = self.find(within.start..end, |word| !word)?;
        Some(start..self.find(start..end, |word| word).unwrap_or(end))
    }

    /// The first bit of a range that is set in what a function makes of its word.
    fn find(self, range: Range<usize>, of: impl Fn(u64) -> u64) -> Option<usize> {
        masks(range).find_map(|(word, mask)| {
            let found = of(self.words[word].load(Ordering::Acquire)) & mask;
            (found != 0).then(|| word * 64 + found.trailing_zeros() as usize)
        })
    }
}

/// The words that a range of bits lies in, with the bits of it that lie there.
fn masks(range: Range<usize>) -> impl Iterator<Item = (usize, u64)> {
    let words = range.start / 64..if range.is_empty() { 0 } else { range.end.div_ceil(64) };
    words.map(move |word| {
        let from = range.start.saturating_sub(word * 64);
        let to = (range.end - word * 64).min(64);
        (word, (u64::MAX >> (64 - to)) & (u64::MAX << from))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Memory, Pages};

    /// Whatever is set and asked for, it agrees with a list of booleans.
    #[test]
    fn bits_agree_with_a_list() {
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 33) as usize % below
        };
        for len in [1, 2, 63, 64, 65, 127, 128, 129, 1000] {
            let bytes = Bits::bytes(len);
            let mapping = Mapping::anonymous(bytes, Memory::Private, Pages::Ordinary).unwrap();
            let bits = Bits::of(&mapping, len);
            let mut list = vec![false; len];
            for _ in 0..300 {
                let start = next(len + 1);
                let range = start..start + next(len + 1 - start).min(next(100) + 1);
                if next(3) > 0 && list.iter().filter(|&&set| !set).count() > len / 4 {
                    bits.set(range.clone());
                    list[range.clone()].fill(true);
                }
                assert_eq!(bits.count(), list.iter().filter(|&&set| set).count());
                let clear = range.clone().find(|&i| !list[i]);
                let clear = clear
                    .map(|from| from..(from..range.end).find(|&i| list[i]).unwrap_or(range.end));
                assert_eq!(bits.next_clear(range.clone()), clear, "{range:?} of {len}");
            }
        }
    }
}
