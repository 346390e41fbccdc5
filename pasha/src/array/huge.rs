//! Huge pages for arrays that exist.

use ndarray::{ArrayRef, Dimension};

use crate::memory;
use crate::report::HugePages;

/// Asks the operating system to put the memory of an array into huge pages, and says what came of
/// it.
///
/// pasha does so by itself for outputs that a map writes first. It is worth asking for large inputs
/// that the program has filled: pages of 2 MiB instead of 4 KiB make the walk through them faster,
/// and forking workers too, which takes time for every page of memory that is not shared (for 1 GiB
/// about 55 ms, with huge pages 1 ms). It copies each page once, within the operating system, and
/// changes nothing about the contents. Where there is nothing to be had (before Linux 6.1, or for
/// memory of a file) nothing changes but the figures that it gives.
///
/// # Examples
/// ```
/// let frames = ndarray::Array3::<u16>::ones((8, 512, 512)); // 4 MiB
/// let pages = pasha::advise_huge(&frames);
/// assert!(pages.made + pages.refused <= 2);
/// ```
pub fn advise_huge<A, D: Dimension>(array: &ArrayRef<A, D>) -> HugePages {
    let first = array.as_ptr().addr();
    // With inverted or transposed axes the first element need not have the lowest address.
    let (mut start, mut end) = (first, first);
    for (&len, &stride) in array.shape().iter().zip(array.strides()) {
        let last = stride.unsigned_abs() * len.saturating_sub(1) * size_of::<A>();
        if stride < 0 { start -= last } else { end += last }
    }
    if array.is_empty() {
        end = start;
    } else {
        end += size_of::<A>();
    }
    HugePages::of(memory::collapse_range(start..end))
}
