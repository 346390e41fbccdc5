//! Which items are finished, a bit for each, in memory that workers and caller share.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bit_words::{first_set, masks};
use crate::error::Result;
use crate::memory::{Mapping, MappingId, Memory};

/// The bits in a word.
pub(crate) const BITS: usize = 64;

/// A bit for each item, set once its slots are written for good.
///
/// Invariant: the mapping holds a bit for each of `len` items, and lives as long as this. All are
/// atomics, for which zero bytes are valid.
pub(crate) struct FinishedItems {
    mapping: Mapping,
    len: usize,
}

impl FinishedItems {
    /// None of so many items.
    pub(crate) fn new(len: usize, memory: Memory) -> Result<FinishedItems> {
        let bytes = len.div_ceil(BITS) * size_of::<AtomicU64>();
        Ok(FinishedItems { mapping: Mapping::sparse(bytes, memory)?, len })
    }

    /// Which mapping it lies in.
    pub(crate) fn mapping_id(&self) -> MappingId {
        self.mapping.id()
    }

    fn words(&self) -> &[AtomicU64] {
        let first = self.mapping.start().cast::<AtomicU64>();
        // SAFETY: the invariant of `FinishedItems`; mappings are aligned to 128 bytes.
        unsafe { std::slice::from_raw_parts(first.as_ptr(), self.len.div_ceil(BITS)) }
    }

    /// Notes that these are finished, after their slots are written.
    pub(crate) fn note(&self, items: Range<usize>) {
        for (number, mask) in masks(items, BITS) {
            self.words()[number].fetch_or(mask, Ordering::Release);
        }
    }

    /// The first in a row that are finished.
    pub(crate) fn next(&self, within: Range<usize>) -> Option<Range<usize>> {
        let start = self.find(within.clone(), |word| word)?;
        Some(start..self.find(start..within.end, |word| !word).unwrap_or(within.end))
    }

    /// The first whose bit is set in what a function makes of its word.
    fn find(&self, within: Range<usize>, of: impl Fn(u64) -> u64) -> Option<usize> {
        let word = |number: usize| of(self.words()[number].load(Ordering::Acquire));
        first_set(within, BITS, word)
    }

    /// A list of bits for [`add_to`](Self::add_to), of none.
    pub(crate) fn none_known(&self) -> Vec<u64> {
        vec![0; self.len.div_ceil(BITS)]
    }

    /// Adds those that are finished and not in this list of bits to it, and calls a function with
    /// each row of them.
    pub(crate) fn add_to(&self, known: &mut [u64], mut row: impl FnMut(Range<usize>)) {
        let mut open: Option<Range<usize>> = None;
        for (number, (word, known)) in self.words().iter().zip(known).enumerate() {
            let mut new = word.load(Ordering::Acquire) & !*known;
            *known |= new;
            while new != 0 {
                let from = new.trailing_zeros();
                let bits = (new >> from).trailing_ones();
                new &= u64::MAX.checked_shl(from + bits).unwrap_or(0);
                let start = number * BITS + from as usize;
                let end = start + bits as usize;
                match &mut open {
                    Some(open) if open.end == start => open.end = end,
                    _ => open.replace(start..end).into_iter().for_each(&mut row),
                }
            }
        }
        open.into_iter().for_each(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_items_are_found_in_rows() {
        let finished = FinishedItems::new(300, Memory::Shared).unwrap();
        assert_eq!(finished.next(0..300), None);
        finished.note(3..70);
        finished.note(70..71);
        finished.note(128..300);
        assert_eq!(finished.next(0..300), Some(3..71));
        assert_eq!(finished.next(10..20), Some(10..20));
        assert_eq!(finished.next(71..300), Some(128..300));
        assert_eq!(finished.next(71..128), None);
        assert_eq!(finished.next(64..65), Some(64..65));
    }

    #[test]
    fn what_is_new_is_told_once_in_rows() {
        let finished = FinishedItems::new(300, Memory::Private).unwrap();
        let mut known = vec![0; 300_usize.div_ceil(BITS)];
        let mut new = |finished: &FinishedItems| {
            let mut rows = Vec::new();
            finished.add_to(&mut known, |row| rows.push(row));
            rows
        };
        assert!(new(&finished).is_empty());
        finished.note(3..70);
        finished.note(128..300);
        assert_eq!(new(&finished), [3..70, 128..300]);
        finished.note(0..130);
        assert_eq!(new(&finished), [0..3, 70..128]);
        assert!(new(&finished).is_empty());
    }
}
