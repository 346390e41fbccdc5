//! Interleaving with the vectors that every x86-64 processor has.

use std::arch::asm;
use std::arch::x86_64::{
    __m128i, _mm_unpackhi_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi16,
    _mm_unpacklo_epi32, _mm_unpacklo_epi64,
};

macro_rules! interleave {
    ($($name:ident $vectors:literal $low:ident $high:ident;)+) => {$(
        /// The first and the second half of two interleaved rows of eight numbers.
        #[inline(always)]
        pub(super) fn $name(
            a: [__m128i; $vectors],
            b: [__m128i; $vectors],
        ) -> [__m128i; 2 * $vectors] {
            std::array::from_fn(|i| {
                let (a, b) = (a[i / 2], b[i / 2]);
                // SAFETY: the instructions are SSE2's, which every x86-64 processor has; they take
                // and give values alone.
                unsafe { if i.is_multiple_of(2) { $low(a, b) } else { $high(a, b) } }
            })
        }
    )+};
}

interleave! {
    interleave_16_bits 1 _mm_unpacklo_epi16 _mm_unpackhi_epi16;
    interleave_32_bits 2 _mm_unpacklo_epi32 _mm_unpackhi_epi32;
    interleave_64_bits 4 _mm_unpacklo_epi64 _mm_unpackhi_epi64;
}

/// The same vector, of which the compiler does not know where it comes from. It would else take the
/// interleaving apart and do it anew for each use of a column, with three times the instructions.
#[inline(always)]
pub(super) fn opaque(mut vector: __m128i) -> __m128i {
    // SAFETY: there is no instruction in it.
    unsafe {
        asm!("/* {} */", inout(xmm_reg) vector, options(pure, nomem, nostack, preserves_flags));
    }
    vector
}
