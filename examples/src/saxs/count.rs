//! Types of counts.

use std::ops::RangeInclusive;

use pasha::lanes::Summand;

/// A type of counts.
pub trait Count: Summand + PartialOrd + From<u8> {
    /// Those of its values that lie within a range, if there are some.
    fn within(range: &RangeInclusive<f64>) -> Option<RangeInclusive<Self>>;

    /// Whether it is a number.
    fn is_a_number(self) -> bool;
}

macro_rules! whole_numbers {
    ($($count:ty)+) => {$(
        impl Count for $count {
            fn within(range: &RangeInclusive<f64>) -> Option<RangeInclusive<Self>> {
                let first = range.start().ceil().max(<$count>::MIN.into());
                let last = range.end().floor().min(<$count>::MAX.into());
                (first <= last).then_some(first as $count..=last as $count)
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
            fn within(range: &RangeInclusive<f64>) -> Option<RangeInclusive<Self>> {
                Some(*range.start() as $count..=*range.end() as $count)
            }

            #[inline(always)]
            fn is_a_number(self) -> bool {
                self.is_finite()
            }
        }
    )+};
}
floats!(f32 f64);
