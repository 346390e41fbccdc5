//! Conversions of one value: from the bytes in a file, and to a type that may not hold it.

use half::f16;
use num_complex::Complex;

/// A type as it lies in a file.
pub(super) trait Raw: bytemuck::AnyBitPattern + std::fmt::Debug {
    fn swapped(self) -> Self;
}

macro_rules! raw_integers {
    ($($t:ty)+) => {$(
        impl Raw for $t {
            fn swapped(self) -> Self {
                self.swap_bytes()
            }
        }
    )+};
}
raw_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! raw_floats {
    ($($t:ty)+) => {$(
        impl Raw for $t {
            fn swapped(self) -> Self {
                <$t>::from_bits(self.to_bits().swap_bytes())
            }
        }
    )+};
}
raw_floats!(f16 f32 f64);

impl<T: Raw> Raw for Complex<T>
where
    Complex<T>: bytemuck::AnyBitPattern,
{
    fn swapped(self) -> Self {
        Complex { re: self.re.swapped(), im: self.im.swapped() }
    }
}

/// The conversion of one value; `None` where it does not fit.
pub(super) trait FromStored<S>: Sized {
    fn fit(value: S) -> Option<Self>;
}

macro_rules! integers_from_integers {
    ($($from:ty)+) => {$( integers_from_integers!(@to $from, i8 i16 i32 i64 u8 u16 u32 u64); )+};
    (@to $from:ty, $($to:ty)+) => {$(
        impl FromStored<$from> for $to {
            #[inline(always)]
            fn fit(value: $from) -> Option<$to> {
                <$to>::try_from(value).ok()
            }
        }
    )+};
}
integers_from_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! floats_from_integers {
    ($($from:ty)+) => {$( floats_from_integers!(@to $from, f32 f64); )+};
    (@to $from:ty, $($to:ty)+) => {$(
        impl FromStored<$from> for $to {
            #[inline(always)]
            fn fit(value: $from) -> Option<$to> {
                let float = value as $to;
                // Integers of more digits than the float has fit if nothing is rounded away.
                let is_exact = <$from>::BITS <= <$to>::MANTISSA_DIGITS || float as i128 == value as i128;
                is_exact.then_some(float)
            }
        }
    )+};
}
floats_from_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! as_it_is {
    ($($to:ty, $from:ty;)+) => {$(
        impl FromStored<$from> for $to {
            #[inline(always)]
            fn fit(value: $from) -> Option<$to> {
                Some(value.into())
            }
        }
    )+};
}
as_it_is! { f16, f16; f32, f32; f64, f64; f64, f32; f32, f16; f64, f16; }

macro_rules! rounded {
    ($($to:ty, $from:ty, $round:expr;)+) => {$(
        impl FromStored<$from> for $to {
            /// Rounds, as HDF5 does; a finite value that would become infinite does not fit.
            #[inline(always)]
            fn fit(value: $from) -> Option<$to> {
                let round: fn($from) -> $to = $round;
                let float = round(value);
                (float.is_finite() || !value.is_finite()).then_some(float)
            }
        }
    )+};
}
rounded! { f32, f64, |value| value as f32; f16, f32, f16::from_f32; f16, f64, f16::from_f64; }

impl<S, A: FromStored<S>> FromStored<Complex<S>> for Complex<A> {
    #[inline(always)]
    fn fit(value: Complex<S>) -> Option<Complex<A>> {
        Some(Complex { re: A::fit(value.re)?, im: A::fit(value.im)? })
    }
}

impl FromStored<u8> for bool {
    #[inline(always)]
    fn fit(value: u8) -> Option<bool> {
        (value <= 1).then_some(value == 1)
    }
}
