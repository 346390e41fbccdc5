//! Ranges of integers: the item is the integer.

use std::convert::Infallible;
use std::ops::{Range, RangeInclusive};

use super::{Functor, Read, given_by_value, natural_items};
use crate::error::SourceError;
use crate::param::ByValue;

/// Counts up from the start of a range.
#[derive(Debug, Clone, Copy)]
pub struct Counter<T>(T);

macro_rules! ranges {
    ($($integer:ty)+) => {$(
        #[diagnostic::do_not_recommend]
        impl Functor<ByValue<$integer>> for Range<$integer> {
            type Reader<'f> = Counter<$integer>;

            fn num_items(&self) -> usize {
                // Negative and overlong differences fit into i128.
                let len = self.end as i128 - self.start as i128;
                usize::try_from(len.max(0)).unwrap_or(usize::MAX)
            }

            fn reader(&self) -> Result<Counter<$integer>, SourceError> {
                Ok(Counter(self.start))
            }
        }

        given_by_value! {
            [] Range<$integer>;
            [] RangeInclusive<$integer>;
        }

        natural_items! {
            [] Range<$integer>: ByValue<$integer>;
            [] RangeInclusive<$integer>: ByValue<$integer>;
        }

        #[diagnostic::do_not_recommend]
        impl Functor<ByValue<$integer>> for RangeInclusive<$integer> {
            type Reader<'f> = Counter<$integer>;

            fn num_items(&self) -> usize {
                let len = *self.end() as i128 - *self.start() as i128 + 1;
                usize::try_from(len.max(0)).unwrap_or(usize::MAX)
            }

            fn reader(&self) -> Result<Counter<$integer>, SourceError> {
                Ok(Counter(*self.start()))
            }
        }

        impl Read<ByValue<$integer>> for Counter<$integer> {
            type Error = Infallible;
            const PREPARES_NOTHING: bool = true;

            #[inline(always)]
            fn read(&mut self, index: usize) -> Result<$integer, Infallible> {
                // Wraps around below zero and back for ranges that start there.
                Ok(self.0.wrapping_add(index as $integer))
            }
        }
    )+};
}
ranges!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_their_length_and_items() {
        let range = -3_i8..100;
        assert_eq!(range.start..range.end, range);
        assert_eq!(Functor::num_items(&range), 103);
        let mut reader = Functor::reader(&range).unwrap();
        assert_eq!(reader.read(0), Ok(-3));
        assert_eq!(reader.read(102), Ok(99));
        assert_eq!(Functor::num_items(&(i8::MIN..=i8::MAX)), 256);
        #[allow(clippy::reversed_empty_ranges)]
        let reversed = 5_usize..2;
        assert_eq!(Functor::num_items(&reversed), 0);
    }
}
