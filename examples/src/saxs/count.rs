//! Types of counts.

use std::ops::RangeInclusive;

use pasha::lanes::Summand;

/// A type of counts.
pub trait Count: Summand + PartialOrd + From<u8> {
    /// Those of its values that lie within a range.
    fn within(range: &RangeInclusive<f64>) -> RangeInclusive<Self>;

    /// Whether it is a number.
    fn is_a_number(self) -> bool;
}

macro_rules! whole_numbers {
    ($($count:ty)+) => {$(
        impl Count for $count {
            fn within(range: &RangeInclusive<f64>) -> RangeInclusive<Self> {
                let first = range.start().ceil().max(<$count>::MIN.into());
                let last = range.end().floor().min(<$count>::MAX.into());
                if first <= last { first as $count..=last as $count } else { 1..=0 }
            }

            #[inline(always)]
            fn is_a_number(self) -> bool {
                true
            }
        }
    )+};
}
whole_numbers!(u16 u32 i32);

macro_rules! floats {
    ($($count:ty)+) => {$(
        impl Count for $count {
            fn within(range: &RangeInclusive<f64>) -> RangeInclusive<Self> {
                *range.start() as $count..=*range.end() as $count
            }

            #[inline(always)]
            fn is_a_number(self) -> bool {
                self.is_finite()
            }
        }
    )+};
}
floats!(f32 f64);
