//! Streaming stores: writing past the caches.
//!
//! An ordinary store first reads the cache line that it is going to change, and what it evicts is
//! written back some time later. For a large output that nobody reads soon this doubles the work
//! of the memory, and drives out of the caches what the kernel needs there. Streaming
//! (non-temporal) stores write whole lines straight to memory. Processors order them with nothing
//! else, until a fence.
//!
//! On processors other than x86-64 these are ordinary copies: their streaming stores are not to be
//! had in stable Rust.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128, _mm512_loadu_si512,
    _mm512_stream_si512,
};

use std::marker::PhantomData;

use crate::element::Element;

/// Whether there are streaming stores here.
pub(crate) const STREAMS: bool = cfg!(target_arch = "x86_64");

/// Writes past the caches: the closure gets a [`Stream`], which copies elements with streaming
/// stores.
///
/// For kernels that write much more than fits the caches, and that nobody reads soon: compute a
/// piece in a small buffer, then stream it to where it belongs. For kernels with slots of up to 2
/// MiB [`#[pasha::kernel(stream_stores)]`](macro@crate::kernel) does that by itself; this is for
/// those that go through their data in an order of their own, so that more of it stays in the
/// caches.
///
/// The places are borrowed until the closure has returned, because processors order streaming
/// stores with others only by a *fence*, which comes then. A fence takes about as long as writing
/// 4 KiB: stream several pieces in one closure.
///
/// On processors other than x86-64 these are ordinary copies.
///
/// # Examples
/// ```
/// use ndarray::{ArrayView2, ArrayViewMut2};
///
/// /// Adds an offset, row by row.
/// #[pasha::kernel]
/// fn shift(
///     frame: ArrayView2<f32>,
///     #[shared] offset: f32,
///     #[output(like = frame)] mut out: ArrayViewMut2<f32>,
///     #[scratch(Vec::new())] piece: &mut Vec<f32>,
/// ) {
///     pasha::stream(|stream| {
///         for (row, out) in frame.rows().into_iter().zip(out.rows_mut()) {
///             piece.clear();
///             piece.extend(row.iter().map(|value| value + offset));
///             stream.copy(piece, out.into_slice().expect("rows of a slot lie back to back"));
///         }
///     });
/// }
///
/// let frames = ndarray::Array3::<f32>::ones((10, 16, 1024));
/// assert_eq!(shift::run_parallel(&frames, 0.5)?, &frames + 0.5);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn stream<'to, R>(work: impl FnOnce(&mut Stream<'to>) -> R) -> R {
    // Its fence comes also when the closure panics, and before anybody else can use a place:
    // places are borrowed for `'to`, which outlives this call.
    let mut stream = Stream { places: PhantomData };
    work(&mut stream)
}

/// Copies with streaming stores; see [`stream()`].
///
/// # Examples
/// ```
/// let (low, high) = ([1_u16; 64], [2_u16; 64]);
/// let mut frame = [0; 128];
/// let (left, right) = frame.split_at_mut(64);
/// pasha::stream(|stream| {
///     stream.copy(&low, left);
///     stream.copy(&high, right);
/// });
/// assert_eq!((frame[0], frame[127]), (1, 2));
/// ```
#[derive(Debug)]
pub struct Stream<'to> {
    /// The borrows, which can't be shortened.
    places: PhantomData<fn(&'to mut ()) -> &'to mut ()>,
}

impl<'to> Stream<'to> {
    /// Copies elements.
    ///
    /// # Panics
    /// If the lengths differ, as [`slice::copy_from_slice`].
    ///
    /// # Examples
    /// ```
    /// let spectrum = vec![1.0_f32; 1024];
    /// let mut place = vec![0.0; 1024];
    /// pasha::stream(|stream| stream.copy(&spectrum, &mut place));
    /// assert_eq!(place, spectrum);
    /// ```
    #[inline]
    #[track_caller]
    pub fn copy<A: Element>(&mut self, from: &[A], to: &'to mut [A]) {
        assert_eq!(from.len(), to.len(), "a stream copies between slices of one length");
        // SAFETY: both slices have these bytes; elements have no padding, so that all are set;
        // the borrow keeps everybody else away from `to` until after the fence.
        unsafe { copy(from.as_ptr().cast(), to.as_mut_ptr().cast(), size_of_val(from)) };
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        order();
    }
}

/// Copies bytes with streaming stores, which [`order`] is to order before anybody else is told of
/// them.
///
/// # Safety
/// `from` is valid for reads of so many set bytes, `to` for writes; they do not overlap, and
/// nothing else uses what is at `to` until after [`order`].
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, bytes: usize) {
    const LINE: usize = 64;
    // Parts of lines go the ordinary way.
    let head = to.align_offset(LINE).min(bytes);
    let lines = (bytes - head) / LINE;
    let tail = head + lines * LINE;
    // SAFETY: all places lie within the bytes that the caller promises; `to` is aligned to a line
    // behind the head. The processor was asked for what the second needs; every x86-64 processor
    // has what the third does.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, head);
        if std::is_x86_feature_detected!("avx512f") {
            stream_lines_whole(from.add(head).cast(), to.add(head).cast(), lines);
        } else {
            stream_lines(from.add(head).cast(), to.add(head).cast(), lines);
        }
        std::ptr::copy_nonoverlapping(from.add(tail), to.add(tail), bytes - tail);
    }
}

/// Streams cache lines in four parts each.
///
/// # Safety
/// As for [`copy`], with `to` at the beginning of a line.
#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn stream_lines(from: *const [__m128i; 4], to: *mut [__m128i; 4], lines: usize) {
    for line in 0..lines {
        // SAFETY: the caller promises for so many lines.
        unsafe {
            let (from, to) = (from.add(line).cast::<__m128i>(), to.add(line).cast::<__m128i>());
            _mm_stream_si128(to, _mm_loadu_si128(from));
            _mm_stream_si128(to.add(1), _mm_loadu_si128(from.add(1)));
            _mm_stream_si128(to.add(2), _mm_loadu_si128(from.add(2)));
            _mm_stream_si128(to.add(3), _mm_loadu_si128(from.add(3)));
        }
    }
}

/// Streams cache lines as a whole.
///
/// # Safety
/// As for [`copy`], with `to` at the beginning of a line; the processor has AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn stream_lines_whole(from: *const __m512i, to: *mut __m512i, lines: usize) {
    for line in 0..lines {
        // SAFETY: the caller promises for so many lines.
        unsafe { _mm512_stream_si512(to.add(line), _mm512_loadu_si512(from.add(line))) };
    }
}

/// As above.
///
/// # Safety
/// As above.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: as the caller promises.
    unsafe { std::ptr::copy_nonoverlapping(from, to, bytes) };
}

/// Orders all streaming stores of this thread before whatever it stores next.
#[inline]
pub(crate) fn order() {
    // SAFETY: every x86-64 processor has this instruction, which does nothing but order.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        _mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_arrive_and_no_others_change() {
        let from: Vec<u8> = (0..1000_u32).map(|i| (i * 37 % 251) as u8 + 1).collect();
        for start in [0, 1, 17, 63, 64, 65] {
            for len in [0, 1, 15, 63, 64, 65, 127, 128, 200, 700] {
                let mut to = vec![0_u8; 1000];
                stream(|stream| stream.copy(&from[..len], &mut to[start..start + len]));
                assert_eq!(to[start..start + len], from[..len]);
                assert!(to[..start].iter().chain(&to[start + len..]).all(|&byte| byte == 0));
            }
        }
    }

    #[test]
    #[should_panic(expected = "slices of one length")]
    fn lengths_must_agree() {
        let mut to = [0.0, 0.0];
        stream(|stream| stream.copy(&[1.0_f64], &mut to));
    }
}
