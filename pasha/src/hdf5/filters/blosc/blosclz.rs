//! BloscLZ, Blosc's own codec, which descends from FastLZ.
//!
//! A byte below 32 is followed by one more bytes than it says, to be copied; of the first byte of a
//! stream only the lower five bits count. Any other begins a match: its upper three bits are the
//! length less two (with 7, bytes are added up to the first that is not 255), its lower five and
//! the next byte the distance less one. Where these have all their bits set, two more bytes, the
//! higher first, are added to the distance of 8,191. (`blosclz.c` of github.com/Blosc/c-blosc2.)

use crate::hdf5::filters::bytes::HeaderBytes;
use crate::hdf5::filters::repeat::repeat;
use crate::hdf5::filters::{damaged, wrong_size};

/// The distance that a longer one is added to.
const NEAR: usize = 8191;

/// Decompresses a stream into all of `out`.
pub(super) fn decompress(stored: &[u8], out: &mut [u8]) -> Result<(), String> {
    let mut input = HeaderBytes::new(stored);
    let mut control = usize::from(input.byte()? & 31);
    let mut at = 0;
    loop {
        let len = if control < 32 {
            let literals = input.take(control + 1)?;
            let place = out.get_mut(at..).and_then(|out| out.get_mut(..literals.len()));
            place.ok_or_else(|| damaged("BloscLZ"))?.copy_from_slice(literals);
            literals.len()
        } else {
            let mut len = (control >> 5) + 2;
            if control >> 5 == 7 {
                loop {
                    let more = usize::from(input.byte()?);
                    len += more;
                    if more != 255 {
                        break;
                    }
                }
            }
            let high = (control & 31) << 8;
            let low = usize::from(input.byte()?);
            let distance = if high == 31 << 8 && low == 255 {
                NEAR + usize::from(u16::from_be_bytes(input.array()?))
            } else {
                high + low
            };
            repeat(out, at, distance + 1, len).ok_or_else(|| damaged("BloscLZ"))?;
            len
        };
        at += len;
        if input.rest().is_empty() {
            break;
        }
        control = usize::from(input.byte()?);
    }
    if at == out.len() { Ok(()) } else { Err(wrong_size(at, out.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_the_format() {
        let mut out = [0; 13];
        // "abc" (with flags above the length), then 6 bytes from 3 before, 4 from 1 before.
        let stream = [0x22, b'a', b'b', b'c', 4 << 5, 2, 2 << 5, 0];
        decompress(&stream, &mut out).unwrap();
        assert_eq!(&out, b"abcabcabccccc");
        for len in 0..stream.len() {
            assert!(decompress(&stream[..len], &mut out).is_err(), "{len}");
        }
        assert!(decompress(&stream, &mut out[..12]).is_err());
        // A match before the first byte, and one from far before.
        assert!(decompress(&[0, b'a', 1 << 5, 1], &mut out[..4]).is_err());
        assert!(decompress(&[0, b'a', 0x3f, 255, 0, 0], &mut out[..4]).is_err());
    }
}
