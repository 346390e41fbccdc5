//! The transposition of bits: elements from rows of their first bits, second bits, ….

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::tile::{TILE, tile};
use crate::hdf5::filters::shuffle::{self, unshuffle_inline};
use crate::memory::buffer::resize;

/// Puts the bits of elements together again, with a buffer that is used again.
#[derive(Debug, Default)]
pub(in crate::hdf5::filters) struct Transposer {
    /// The first bytes of a tile's elements, the second bytes, ….
    planes: Vec<u8>,
}

impl Transposer {
    /// Makes elements of `size` bytes of rows of their first bits, second bits, …; both sides are
    /// of one length, a multiple of 8 elements.
    ///
    /// Bits and bytes count from the lowest: bit `b` of byte `y` of the elements is row
    /// `8 * y + b`, and the first of 8 elements the lowest bit of a byte in it.
    pub(in crate::hdf5::filters) fn elements(
        &mut self,
        size: usize,
        bits: &[u8],
        out: &mut [u8],
    ) -> Result<(), String> {
        if size > 1 {
            resize(&mut self.planes, size * 8 * TILE)?;
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor that runs this has AVX2, which is all that the function asks
            // for.
            unsafe { elements_avx2(size, bits, &mut self.planes, out) };
            return Ok(());
        }
        elements_inline(size, bits, &mut self.planes, out, tile, unshuffle_inline);
        Ok(())
    }
}

/// As [`Transposer::elements`], compiled to instructions of 256 bits.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn elements_avx2(size: usize, bits: &[u8], planes: &mut [u8], out: &mut [u8]) {
    let tile = |bits: &[u8], columns, start, out: &mut [u8]| {
        avx2::tile(bits, columns, start, out);
    };
    let unshuffle = |size, planes: &[u8], out: &mut [u8]| {
        shuffle::avx2::unshuffle(size, planes, out);
    };
    elements_inline(size, bits, planes, out, tile, unshuffle);
}

/// As [`Transposer::elements`], compiled with what its caller may use, and with its ways to make a
/// tile and to put bytes together.
#[inline(always)]
fn elements_inline(
    size: usize,
    bits: &[u8],
    planes: &mut [u8],
    out: &mut [u8],
    tile: impl Fn(&[u8], usize, usize, &mut [u8]),
    unshuffle: impl Fn(usize, &[u8], &mut [u8]),
) {
    let elements = out.len() / size.max(1);
    if elements == 0 {
        return;
    }
    let columns = elements / 8;
    let whole = columns - columns % TILE;
    for start in (0..whole).step_by(TILE) {
        let out = &mut out[8 * start * size..][..8 * TILE * size];
        if size == 1 {
            tile(bits, columns, start, out);
            continue;
        }
        let bytes_of_elements = bits.chunks_exact(elements).zip(planes.chunks_exact_mut(8 * TILE));
        for (bits, plane) in bytes_of_elements {
            tile(bits, columns, start, plane);
        }
        unshuffle(size, planes, out);
    }
    for column in whole..columns {
        for (byte, bits) in bits.chunks_exact(elements).enumerate() {
            let rows = std::array::from_fn(|row| bits[row * columns + column]);
            for (element, value) in transpose_one(rows).into_iter().enumerate() {
                out[(8 * column + element) * size + byte] = value;
            }
        }
    }
}

/// Transposes 8 x 8 bits.
fn transpose_one(rows: [u8; 8]) -> [u8; 8] {
    std::array::from_fn(|bit| {
        let bits = rows.iter().enumerate();
        bits.fold(0, |byte, (row, bits)| byte | (bits >> bit & 1) << row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The format as its description says it.
    fn shuffle_bits(size: usize, elements: &[u8]) -> Vec<u8> {
        let count = elements.len() / size;
        let mut out = vec![0; elements.len()];
        for element in 0..count {
            for bit in 0..8 * size {
                let value = elements[element * size + bit / 8] >> (bit % 8) & 1;
                out[bit * (count / 8) + element / 8] |= value << (element % 8);
            }
        }
        out
    }

    #[test]
    fn shuffled_bits_come_back() {
        let random: Vec<u8> =
            (0..12_288_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        // Small counts, whose upper bytes are 0.
        let counts: Vec<u8> = random
            .iter()
            .enumerate()
            .map(|(at, &byte)| if at % 4 == 0 { byte } else { 0 })
            .collect();
        for data in [random, counts] {
            for size in [1, 2, 3, 4, 8, 12] {
                for count in [8, 64, 248, 256, 264, 1024] {
                    comes_back(size, &data[..size * count]);
                }
            }
        }
    }

    fn comes_back(size: usize, data: &[u8]) {
        let bits = shuffle_bits(size, data);
        let mut out = vec![1; data.len()];
        Transposer::default().elements(size, &bits, &mut out).unwrap();
        assert_eq!(out, data, "{} bytes, elements of {size}", data.len());
        out.fill(1);
        let planes = &mut vec![1; size * 8 * TILE];
        elements_inline(size, &bits, planes, &mut out, tile, unshuffle_inline);
        assert_eq!(out, data, "{} bytes, elements of {size}, portable", data.len());
    }
}
