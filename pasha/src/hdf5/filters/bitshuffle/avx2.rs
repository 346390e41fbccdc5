//! A tile of bits transposed with instructions of 256 bits (AVX2).

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set1_epi8,
    _mm256_slli_epi64, _mm256_srli_epi64, _mm256_testz_si256, _mm256_unpackhi_epi8,
    _mm256_unpackhi_epi16, _mm256_unpackhi_epi32, _mm256_unpacklo_epi8, _mm256_unpacklo_epi16,
    _mm256_unpacklo_epi32, _mm256_xor_si256,
};

use super::tile::TILE;

/// As [`tile`](super::tile::tile).
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn tile(bits: &[u8], columns: usize, start: usize, out: &mut [u8]) {
    let row = |row: usize| -> __m256i {
        bytemuck::pod_read_unaligned(&bits[row * columns + start..][..TILE])
    };
    let rows = std::array::from_fn(row);
    if all_zero(rows) {
        out[..8 * TILE].fill(0);
        return;
    }
    let [a, b, c, d, e, f, g, h] = transpose(rows);
    // Each step puts neighbours side by side, within each half of 128 bits: bytes to pairs, pairs
    // to fours, fours to the eight elements of a column.
    let lower = [(a, b), (c, d), (e, f), (g, h)].map(|(a, b)| _mm256_unpacklo_epi8(a, b));
    let upper = [(a, b), (c, d), (e, f), (g, h)].map(|(a, b)| _mm256_unpackhi_epi8(a, b));
    for (eighth, [ab, cd, ef, gh]) in [lower, upper].into_iter().enumerate() {
        let lower = (_mm256_unpacklo_epi16(ab, cd), _mm256_unpacklo_epi16(ef, gh));
        let upper = (_mm256_unpackhi_epi16(ab, cd), _mm256_unpackhi_epi16(ef, gh));
        for (sixteenth, (ad, eh)) in [lower, upper].into_iter().enumerate() {
            // Columns 0 and 1 with 16 and 17, 2 and 3 with 18 and 19.
            let (first, second) = (_mm256_unpacklo_epi32(ad, eh), _mm256_unpackhi_epi32(ad, eh));
            let column = 8 * eighth + 4 * sixteenth;
            let columns = [
                (column, _mm256_permute2x128_si256::<0x20>(first, second)),
                (column + TILE / 2, _mm256_permute2x128_si256::<0x31>(first, second)),
            ];
            for (column, elements) in columns {
                out[8 * column..][..TILE].copy_from_slice(bytemuck::bytes_of(&elements));
            }
        }
    }
}

/// Whether no bit is set, as in the upper bytes of small counts.
#[target_feature(enable = "avx2")]
#[inline]
fn all_zero([a, b, c, d, e, f, g, h]: [__m256i; 8]) -> bool {
    let first = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
    let second = _mm256_or_si256(_mm256_or_si256(e, f), _mm256_or_si256(g, h));
    let any = _mm256_or_si256(first, second);
    _mm256_testz_si256(any, any) == 1
}

/// Transposes the 8 x 8 bits in each column of bytes: blocks of 4 x 4, of 2 x 2, bits. (H. S.
/// Warren, Hacker's Delight, section 7-3, with a row in each register.)
#[target_feature(enable = "avx2")]
#[inline]
fn transpose([a, b, c, d, e, f, g, h]: [__m256i; 8]) -> [__m256i; 8] {
    let mask = _mm256_set1_epi8(0x0f);
    let (a, e) = exchange::<4>(a, e, mask);
    let (b, f) = exchange::<4>(b, f, mask);
    let (c, g) = exchange::<4>(c, g, mask);
    let (d, h) = exchange::<4>(d, h, mask);
    let mask = _mm256_set1_epi8(0x33);
    let (a, c) = exchange::<2>(a, c, mask);
    let (b, d) = exchange::<2>(b, d, mask);
    let (e, g) = exchange::<2>(e, g, mask);
    let (f, h) = exchange::<2>(f, h, mask);
    let mask = _mm256_set1_epi8(0x55);
    let (a, b) = exchange::<1>(a, b, mask);
    let (c, d) = exchange::<1>(c, d, mask);
    let (e, f) = exchange::<1>(e, f, mask);
    let (g, h) = exchange::<1>(g, h, mask);
    [a, b, c, d, e, f, g, h]
}

/// Exchanges the bits of `first` that lie `SHIFT` above those of `mask` with the bits of `second`
/// in the mask.
#[target_feature(enable = "avx2")]
#[inline]
fn exchange<const SHIFT: i32>(
    first: __m256i,
    second: __m256i,
    mask: __m256i,
) -> (__m256i, __m256i) {
    let shifted = _mm256_srli_epi64::<SHIFT>(first);
    let changed = _mm256_and_si256(_mm256_xor_si256(shifted, second), mask);
    let first = _mm256_xor_si256(first, _mm256_slli_epi64::<SHIFT>(changed));
    (first, _mm256_xor_si256(second, changed))
}
