//! A reduced output's accumulators as bytes, whatever their type: what merges need that happen
//! while a map runs.

use crate::element::Element;
use crate::output::merge::Merge;

/// The accumulators of one reduced output.
///
/// # Safety
/// An implementation must give accumulators of different workers that do not overlap, each of
/// `bytes` bytes that are all set, and aligned as its `merge` and `reset` need it.
pub unsafe trait Reduction: Sync {
    /// The bytes of one accumulator.
    fn bytes(&self) -> usize;

    /// Where a worker's accumulator lies.
    fn accumulator(&self, worker_id: usize) -> *mut u8;

    /// Sets a worker's accumulator to what it started with.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for, and none of its slots is alive.
    unsafe fn reset(&self, worker_id: usize);

    /// Merges others into an accumulator, one after the other, in one pass: large ones do not stay
    /// in caches.
    ///
    /// # Safety
    /// All hold an accumulator of this output, aligned to
    /// [`MOST_ALIGNED`](crate::element::MOST_ALIGNED) or where a worker's lies; `accumulator`
    /// overlaps none of the others, and nobody else uses it or writes those meanwhile.
    unsafe fn merge(&self, accumulator: *mut u8, others: &[OtherAccumulator]);

    /// Moves a worker's accumulator to another place, merged with others, one after the other, and
    /// sets it to what it started with, in one pass.
    ///
    /// # Safety
    /// The caller alone is this worker, none of whose slots is alive. All other places are aligned
    /// to [`MOST_ALIGNED`](crate::element::MOST_ALIGNED) and have room for an accumulator; `to`
    /// and the worker's overlap none of the others, nor each other; nobody else uses `to`, or
    /// writes the others, which hold accumulators of this output.
    unsafe fn move_to(&self, worker_id: usize, to: *mut u8, others: &[OtherAccumulator]);
}

/// What an accumulator is merged with.
#[derive(Clone, Copy, Debug)]
pub struct OtherAccumulator {
    /// Where it lies.
    pub(crate) start: *const u8,
    /// Whether it is the first of the two.
    pub(crate) is_first: bool,
}

/// Of what is merged with several others, so many bytes at a time, which stay in the nearest cache.
const BYTES_AT_A_TIME: usize = 8 << 10;

/// Accumulators of `size` elements each, back to back, `step` elements from one to the next.
pub(super) struct Accumulated<'m, A, M> {
    pub(super) first: *mut A,
    pub(super) size: usize,
    pub(super) step: usize,
    pub(super) start: A,
    pub(super) merge: &'m M,
}

// SAFETY: the address alone gives no access: the methods do, to accumulators that their callers
// have alone. Elements are plain values that may go to any thread, and merges are `Sync`.
unsafe impl<A: Element, M: Merge<A>> Sync for Accumulated<'_, A, M> {}

// SAFETY: accumulators are `step` elements apart, which is at least their size; elements have no
// padding.
unsafe impl<A: Element, M: Merge<A>> Reduction for Accumulated<'_, A, M> {
    fn bytes(&self) -> usize {
        self.size * size_of::<A>()
    }

    fn accumulator(&self, worker_id: usize) -> *mut u8 {
        self.first.wrapping_add(worker_id * self.step).cast()
    }

    unsafe fn reset(&self, worker_id: usize) {
        // SAFETY: the output was attached with room for this worker's accumulator, which the caller
        // alone uses.
        unsafe { super::reduce::reset(self.accumulator(worker_id).cast(), self.size, self.start) };
    }

    unsafe fn merge(&self, accumulator: *mut u8, others: &[OtherAccumulator]) {
        // SAFETY: the caller promises an accumulator of so many elements there, which nobody else
        // uses and none of the others overlaps.
        let own = unsafe { std::slice::from_raw_parts_mut(accumulator.cast::<A>(), self.size) };
        for (start, own) in self.parts(own) {
            for other in others {
                // SAFETY: the caller promises accumulators of so many elements.
                let part = unsafe { self.part_of(other, start, own.len()) };
                self.merge_part(own, part, other.is_first);
            }
        }
    }

    unsafe fn move_to(&self, worker_id: usize, to: *mut u8, others: &[OtherAccumulator]) {
        // SAFETY: the output was attached with room for this worker's accumulator, which the caller
        // alone uses; the caller promises as much of `to`, whose bytes are those of elements
        // already or zeros, of which every element may consist.
        let (own, to) = unsafe {
            (
                std::slice::from_raw_parts_mut(self.accumulator(worker_id).cast::<A>(), self.size),
                std::slice::from_raw_parts_mut(to.cast::<A>(), self.size),
            )
        };
        let taken = |own: &mut A| std::mem::replace(own, self.start);
        let merge = |one, other| self.merge.merge(one, other);
        for ((start, to), (_, own)) in self.parts(to).zip(self.parts(own)) {
            let pairs = to.iter_mut().zip(own);
            let Some((first, rest)) = others.split_first() else {
                pairs.for_each(|(to, own)| *to = taken(own));
                continue;
            };
            // SAFETY: the caller promises accumulators of so many elements.
            let threes = pairs.zip(unsafe { self.part_of(first, start, self.size - start) });
            // Two loops, each of which the compiler vectorises.
            if first.is_first {
                threes.for_each(|((to, own), &other)| *to = merge(other, taken(own)));
            } else {
                threes.for_each(|((to, own), &other)| *to = merge(taken(own), other));
            }
            for other in rest {
                // SAFETY: the caller promises accumulators of so many elements.
                let part = unsafe { self.part_of(other, start, to.len()) };
                self.merge_part(to, part, other.is_first);
            }
        }
    }
}

impl<A: Element, M: Merge<A>> Accumulated<'_, A, M> {
    /// Parts of an accumulator that stay in a cache, and where each begins.
    fn parts<'a>(&self, all: &'a mut [A]) -> impl Iterator<Item = (usize, &'a mut [A])> {
        let len = (BYTES_AT_A_TIME / size_of::<A>().max(1)).max(1);
        (0..).step_by(len).zip(all.chunks_mut(len))
    }

    /// So many elements of another accumulator.
    ///
    /// # Safety
    /// It has so many behind `start`, aligned, and nobody writes them as long as the result lives.
    unsafe fn part_of<'a>(&self, other: &OtherAccumulator, start: usize, len: usize) -> &'a [A] {
        // SAFETY: as the caller promises.
        unsafe { std::slice::from_raw_parts(other.start.cast::<A>().add(start), len) }
    }

    fn merge_part(&self, own: &mut [A], other: &[A], other_is_first: bool) {
        let pairs = own.iter_mut().zip(other);
        // Two loops, each of which the compiler vectorises.
        if other_is_first {
            pairs.for_each(|(own, &other)| *own = self.merge.merge(other, *own));
        } else {
            pairs.for_each(|(own, &other)| *own = self.merge.merge(*own, other));
        }
    }
}
