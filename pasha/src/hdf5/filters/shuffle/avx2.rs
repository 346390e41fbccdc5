//! Bytes of elements put together with instructions of 256 bits (AVX2).

use std::arch::x86_64::{
    __m256i, _mm256_permute2x128_si256, _mm256_unpackhi_epi8, _mm256_unpackhi_epi16,
    _mm256_unpacklo_epi8, _mm256_unpacklo_epi16,
};

use super::portable::unshuffle_inline;

/// Elements that are put together at once.
const ELEMENTS: usize = 32;

/// As [`unshuffle_inline`].
#[target_feature(enable = "avx2")]
#[inline]
pub(in crate::hdf5::filters) fn unshuffle(size: usize, shuffled: &[u8], out: &mut [u8]) {
    match size {
        2 => elements(shuffled, out, |bytes| pairs(bytes)),
        4 => elements(shuffled, out, |bytes| fours(bytes)),
        _ => unshuffle_inline(size, shuffled, out),
    }
}

/// Puts elements of `SIZE` bytes together, whole groups of [`ELEMENTS`] by `group`.
#[target_feature(enable = "avx2")]
#[inline]
fn elements<const SIZE: usize>(
    shuffled: &[u8],
    out: &mut [u8],
    group: impl Fn([__m256i; SIZE]) -> [__m256i; SIZE],
) {
    let len = shuffled.len() / SIZE;
    let whole = len - len % ELEMENTS;
    let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &shuffled[byte * len..][..len]);
    for start in (0..whole).step_by(ELEMENTS) {
        let plane = |byte: usize| bytemuck::pod_read_unaligned(&planes[byte][start..][..ELEMENTS]);
        let values = group(std::array::from_fn(plane));
        out[start * SIZE..][..ELEMENTS * SIZE].copy_from_slice(bytemuck::cast_slice(&values));
    }
    for at in whole..len {
        out[at * SIZE..][..SIZE].copy_from_slice(&planes.map(|plane| plane[at]));
    }
    out[len * SIZE..].copy_from_slice(&shuffled[len * SIZE..]);
}

/// Elements of two bytes from their first bytes and their second bytes.
#[target_feature(enable = "avx2")]
#[inline]
fn pairs([first, second]: [__m256i; 2]) -> [__m256i; 2] {
    // Elements 0 to 7 with 16 to 23, 8 to 15 with 24 to 31.
    in_order(_mm256_unpacklo_epi8(first, second), _mm256_unpackhi_epi8(first, second))
}

/// Elements of four bytes from their first, second, third and fourth bytes.
#[target_feature(enable = "avx2")]
#[inline]
fn fours([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    // Halves of elements: 0 to 7 with 16 to 23, 8 to 15 with 24 to 31.
    let (ab_low, cd_low) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
    let [first, third] =
        in_order(_mm256_unpacklo_epi16(ab_low, cd_low), _mm256_unpackhi_epi16(ab_low, cd_low));
    let [second, fourth] =
        in_order(_mm256_unpacklo_epi16(ab_high, cd_high), _mm256_unpackhi_epi16(ab_high, cd_high));
    [first, second, third, fourth]
}

/// Both lower halves, both upper halves.
#[target_feature(enable = "avx2")]
#[inline]
fn in_order(first: __m256i, second: __m256i) -> [__m256i; 2] {
    [
        _mm256_permute2x128_si256::<0x20>(first, second),
        _mm256_permute2x128_si256::<0x31>(first, second),
    ]
}
