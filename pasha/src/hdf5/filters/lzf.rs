//! LZF (h5py's filter 32000): one stream of LibLZF's format.
//!
//! A byte below 32 is followed by one more bytes than it says, to be copied. Any other begins a
//! match: its upper three bits are the length less two (with 7, the next byte is added), its lower
//! five and the byte behind the distance less one.

use super::bytes::HeaderBytes;
use super::repeat::repeat;
use super::{damaged, wrong_size};

/// No stream is more than this many times smaller than what it holds: 264 bytes for 3.
pub(super) const MOST_EXPANSION: usize = 88;

/// Decompresses a stream into all of `out`.
pub(super) fn decompress(stored: &[u8], out: &mut [u8]) -> Result<(), String> {
    let needed = out.len();
    let mut input = HeaderBytes::new(stored);
    let mut at = 0;
    while !input.rest().is_empty() {
        let control = usize::from(input.byte()?);
        let len = if control < 32 {
            let literals = input.take(control + 1)?;
            let place = out.get_mut(at..).and_then(|out| out.get_mut(..literals.len()));
            place.ok_or_else(|| damaged("LZF"))?.copy_from_slice(literals);
            literals.len()
        } else {
            let mut len = control >> 5;
            if len == 7 {
                len += usize::from(input.byte()?);
            }
            let distance = ((control & 31) << 8) + usize::from(input.byte()?);
            repeat(out, at, distance + 1, len + 2).ok_or_else(|| damaged("LZF"))?;
            len + 2
        };
        at += len;
    }
    if at == needed { Ok(()) } else { Err(wrong_size(at, needed)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_the_format() {
        let mut out = [0; 16];
        // "abc", then 9 bytes from 3 before, then 4 from 1 before.
        let stream = [2, b'a', b'b', b'c', 7 << 5, 0, 2, 2 << 5, 0];
        decompress(&stream, &mut out).unwrap();
        assert_eq!(&out, b"abcabcabcabccccc");
        for len in 0..stream.len() {
            assert!(decompress(&stream[..len], &mut out).is_err(), "{len}");
        }
        // More than there is room for, and a match before the first byte.
        assert!(decompress(&stream, &mut out[..15]).is_err());
        assert!(decompress(&[0, b'a', 1 << 5, 1], &mut out[..4]).is_err());
    }
}
