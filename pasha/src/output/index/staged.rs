//! Slots that are written by way of a worker's *staging buffer*, from where they are streamed out.

use std::ops::Range;

use crate::memory;

/// Slots with more bytes are written in their place: a staging buffer for them would not stay in
/// the cache of a core.
pub(super) const LARGEST_STAGED: usize = 2 << 20;

/// Slots of which some may be staged: those say how large they are, the others lie in their place.
pub trait Staged: Sized {
    /// The bytes, a multiple of `MOST_ALIGNED`, that the slots of this many neighbouring indices
    /// take in a staging buffer; 0 if they are not staged, but written in their place.
    fn staged_size(&self, _items: usize) -> usize {
        0
    }

    /// The slots of the indices from `first` on, numbered from 0: those that are staged lie at
    /// `buffer`, which has room for `items` of them.
    ///
    /// # Safety
    /// The index is below that which the output was attached for. `buffer` is aligned to
    /// `MOST_ALIGNED`, and valid for `staged_size(items)` bytes that nothing else uses as long as
    /// the slots are in use: zeros, or what was written through slots of the same kernel and
    /// `items`.
    unsafe fn staged(&self, first: usize, items: usize, buffer: *mut u8) -> Self;

    /// Sets a staged slot to the fill value that the kernel counts on, if it has one. `self` is
    /// what `staged` has given.
    ///
    /// # Safety
    /// As for [`IndexSlots::reset`](super::IndexSlots::reset).
    #[inline(always)]
    unsafe fn refill(&self, _index: usize) {}

    /// Writes the slots of these indices that are staged to their place, with streaming stores.
    /// `staged` begins with the slot of the first of them. They are to be ordered
    /// (`memory::stream::order`) before anybody else is told of them.
    ///
    /// # Safety
    /// The caller alone has these indices, none of their slots is alive, and `staged` was made by
    /// `self.staged` for the first of them and at least their number.
    unsafe fn stream_out(&self, _staged: &Self, _indices: &Range<usize>) {}
}

/// Streams this many elements to their place.
///
/// # Safety
/// `from` is valid for reads and `to` for writes of so many elements, without bytes that are not
/// set, and nothing else uses what is at `to`.
pub(super) unsafe fn stream<A>(from: *const A, to: *mut A, len: usize) {
    // SAFETY: the caller promises that both places are valid, and that nothing else uses `to`.
    unsafe { memory::stream::copy(from.cast(), to.cast(), len * size_of::<A>()) };
}
