//! The index that a worker works on, noted in its record before each call of the kernel.
//!
//! It is noted with ordinary writes, which cost nothing where the kernel is so simple that many
//! items become one instruction, and which come before any call into foreign code. Only the lower
//! 16 bits are written for each item: the compiler makes vectors as long as the widest number in a
//! loop lets it, and with 64 bits written for each byte it makes none.

use std::marker::PhantomData;
use std::ops::Range;

/// Indices that have all but the lower 16 bits in common.
const SPAN: usize = 1 << 16;

/// Where a worker notes its index. Nobody else relies on it before the worker has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current<'r> {
    place: *mut usize,
    record: PhantomData<&'r usize>,
}

impl Current<'_> {
    /// Notes go to this place.
    ///
    /// # Safety
    /// As long as this lives, the place is valid for reads and writes, and written by the worker
    /// alone.
    pub(crate) unsafe fn new(place: *mut usize) -> Self {
        Current { place, record: PhantomData }
    }

    /// Splits the indices of a block into spans of at most so many, each of which is entered before
    /// it is run.
    #[inline(always)]
    pub(crate) fn spans(block: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
        let mut next = block.start;
        std::iter::from_fn(move || {
            let start = next;
            let end = block.end.min(start.saturating_add(most));
            next = (start | (SPAN - 1)).saturating_add(1).min(end);
            (start < block.end).then_some(start..next)
        })
    }

    /// Notes an index in full.
    #[inline(always)]
    pub(crate) fn enter(self, index: usize) {
        // SAFETY: the caller of `new` has promised a place that outlives this and that the worker
        // alone writes.
        unsafe { self.place.write(index) };
    }

    /// As [`enter`](Self::enter), exactly here: the compiler must not put it off.
    #[inline(always)]
    pub(crate) fn enter_now(self, index: usize) {
        // SAFETY: the caller of `new` has promised a place that outlives this and that the worker
        // alone writes.
        unsafe { self.place.write_volatile(index) };
    }

    /// Notes another index of the span that was entered last.
    #[inline(always)]
    pub(crate) fn note(self, index: usize) {
        let lower = if cfg!(target_endian = "little") { 0 } else { size_of::<usize>() / 2 - 1 };
        // SAFETY: the caller of `new` has promised a place that outlives this and that the worker
        // alone writes; these are two of the number's bytes, at a multiple of two.
        unsafe { self.place.cast::<u16>().add(lower).write(index as u16) };
    }

    /// The index that was noted last.
    pub(crate) fn index(self) -> usize {
        // SAFETY: the caller of `new` has promised a place that outlives this and that the worker
        // alone writes.
        unsafe { self.place.read() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_noted_in_full() {
        let mut place = usize::MAX;
        // SAFETY: the place is a local variable, which nothing else uses meanwhile.
        let current = unsafe { Current::new(&raw mut place) };
        let blocks = [0..0, 0..3, 65_534..65_539, 65_536..65_537, 0x2_fff0..0x5_0001];
        let mosts = [usize::MAX, 1, 32, 512].into_iter().cycle();
        for (block, most) in blocks.into_iter().cycle().zip(mosts).take(20) {
            let mut next = block.start;
            for span in Current::spans(block.clone(), most) {
                current.enter(span.start);
                for index in span {
                    current.note(index);
                    assert_eq!(index, next);
                    assert_eq!(current.index(), index);
                    next += 1;
                }
            }
            assert_eq!(next, block.end);
        }
        let last = usize::MAX - 1..usize::MAX;
        assert!(Current::spans(last.clone(), usize::MAX).eq(std::iter::once(last)));
    }
}
