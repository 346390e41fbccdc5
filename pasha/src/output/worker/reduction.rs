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

    /// Merges `other` into `accumulator`: as the first of the two, or as the second.
    ///
    /// # Safety
    /// Both hold an accumulator of this output, aligned to
    /// [`MOST_ALIGNED`](crate::element::MOST_ALIGNED) or where a worker's lies; they do not
    /// overlap, and nobody else uses `accumulator` or writes `other` meanwhile.
    unsafe fn merge(&self, accumulator: *mut u8, other: *const u8, other_is_first: bool);

    /// Moves a worker's accumulator to another place, merged with what lies at a third one, and
    /// sets it to what it started with: in one pass, because large ones do not stay in caches.
    /// With the third one it is said whether that is the first of the two.
    ///
    /// # Safety
    /// The caller alone is this worker, none of whose slots is alive. Both other places are aligned
    /// to [`MOST_ALIGNED`](crate::element::MOST_ALIGNED), have room for an accumulator, and do not
    /// overlap each other or the worker's; nobody else uses `to`, or writes the third, which holds
    /// an accumulator of this output.
    unsafe fn move_to(&self, worker_id: usize, to: *mut u8, other: Option<(*const u8, bool)>);
}

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

    unsafe fn merge(&self, accumulator: *mut u8, other: *const u8, other_is_first: bool) {
        // SAFETY: the caller promises an accumulator of so many elements at both places, aligned
        // and apart, which nobody else writes.
        let (own, other) = unsafe {
            (
                std::slice::from_raw_parts_mut(accumulator.cast::<A>(), self.size),
                std::slice::from_raw_parts(other.cast::<A>(), self.size),
            )
        };
        let pairs = own.iter_mut().zip(other);
        // Two loops, each of which the compiler vectorises.
        if other_is_first {
            pairs.for_each(|(own, &other)| *own = self.merge.merge(other, *own));
        } else {
            pairs.for_each(|(own, &other)| *own = self.merge.merge(*own, other));
        }
    }

    unsafe fn move_to(&self, worker_id: usize, to: *mut u8, other: Option<(*const u8, bool)>) {
        // SAFETY: the output was attached with room for this worker's accumulator, which the caller
        // alone uses; the caller promises as much of `to`, whose bytes are those of elements
        // already or zeros, of which every element may consist.
        let (own, to) = unsafe {
            (
                std::slice::from_raw_parts_mut(self.accumulator(worker_id).cast::<A>(), self.size),
                std::slice::from_raw_parts_mut(to.cast::<A>(), self.size),
            )
        };
        let pairs = to.iter_mut().zip(own);
        let Some((other, other_is_first)) = other else {
            return pairs.for_each(|(to, own)| *to = std::mem::replace(own, self.start));
        };
        // SAFETY: the caller promises an accumulator of so many elements there, aligned and apart,
        // which nobody writes.
        let other = unsafe { std::slice::from_raw_parts(other.cast::<A>(), self.size) };
        let threes = pairs.zip(other);
        let taken = |own: &mut A| std::mem::replace(own, self.start);
        // Two loops, each of which the compiler vectorises.
        if other_is_first {
            threes.for_each(|((to, own), &other)| *to = self.merge.merge(other, taken(own)));
        } else {
            threes.for_each(|((to, own), &other)| *to = self.merge.merge(taken(own), other));
        }
    }
}
