//! How the accumulators of two workers become one: the merges of `#[reduce(…)]`.

use std::fmt;

use half::f16;
use num_complex::Complex;

use crate::element::Element;

/// Merges two accumulators, element by element.
///
/// # Examples
/// ```
/// use pasha::merge::{Max, Merge, Sum};
///
/// // What `#[reduce(sum)]` and `#[reduce(max)]` do with the accumulators of two workers.
/// assert_eq!(Sum.merge(3_u64, 4), 7);
/// assert_eq!(Max.merge(3.5, 2.5), 3.5);
/// assert_eq!(Merge::<u64>::neutral(&Sum), Some(0));
/// ```
#[diagnostic::on_unimplemented(
    message = "accumulators of `{A}` can't be reduced by `{Self}`",
    note = "`sum` and `product` take numbers, `min` and `max` integers and floats, `any` and `all` take `bool`; for other elements name a function of your own, `fn(A, A) -> A`: `#[reduce(path::to::merge, init = NEUTRAL)]`"
)]
pub trait Merge<A>: Sync {
    /// The neutral element, with which each worker starts; `None` if only the user knows it.
    ///
    /// # Examples
    /// ```
    /// use pasha::merge::{All, Custom, Merge, Min};
    ///
    /// assert_eq!(All.neutral(), Some(true));
    /// assert_eq!(Merge::<f64>::neutral(&Min), Some(f64::INFINITY));
    /// assert_eq!(Custom::new(|a: f64, b: f64| a.hypot(b)).neutral(), None);
    /// ```
    fn neutral(&self) -> Option<A>;

    /// Merges `b` into `a`.
    ///
    /// # Examples
    /// ```
    /// use pasha::merge::{Merge, Product};
    ///
    /// assert_eq!(Product.merge(3.0, 4.0), 12.0);
    /// ```
    fn merge(&self, a: A, b: A) -> A;
}

/// Adds; integers wrap around, as NumPy's do.
///
/// # Examples
/// ```
/// use pasha::merge::{Merge, Sum};
///
/// assert_eq!(Sum.merge(250_u8, 10), 4); // wraps around
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sum;

/// Multiplies; integers wrap around, as NumPy's do.
///
/// # Examples
/// ```
/// use pasha::merge::{Merge, Product};
///
/// assert_eq!(Product.merge(0.5, 4.0), 2.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Product;

/// Keeps the smaller; a NaN in either gives NaN, as in NumPy.
///
/// # Examples
/// ```
/// use pasha::merge::{Merge, Min};
///
/// assert_eq!(Min.merge(0.5, 4.0), 0.5);
/// assert!(Min.merge(0.5, f64::NAN).is_nan());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Min;

/// Keeps the larger; a NaN in either gives NaN, as in NumPy.
///
/// # Examples
/// ```
/// use pasha::merge::{Max, Merge};
///
/// assert_eq!(Max.merge(0.5, 4.0), 4.0);
/// assert!(Max.merge(0.5, f64::NAN).is_nan());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Max;

/// Whether any is true.
///
/// # Examples
/// ```
/// use pasha::merge::{Any, Merge};
///
/// assert!(Any.merge(false, true));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Any;

/// Whether all are true.
///
/// # Examples
/// ```
/// use pasha::merge::{All, Merge};
///
/// assert!(!All.merge(false, true));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct All;

/// A merge function of the user's.
///
/// # Examples
/// ```
/// use pasha::merge::{Custom, Merge};
///
/// assert_eq!(Custom::new(|a: f64, b: f64| a.hypot(b)).merge(3.0, 4.0), 5.0);
/// ```
pub struct Custom<A>(fn(A, A) -> A);

impl<A> Custom<A> {
    /// Merges by this function, which must be associative and commutative.
    ///
    /// # Examples
    /// ```
    /// /// The longer of two vectors.
    /// fn longer(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    ///     if a[0].hypot(a[1]) < b[0].hypot(b[1]) { b } else { a }
    /// }
    ///
    /// /// Finds the longest scattering vector.
    /// #[pasha::kernel]
    /// fn longest(q: [f64; 2], #[reduce(longer, init = [0.0; 2])] most: &mut [f64; 2]) {
    ///     *most = longer(*most, q);
    /// }
    ///
    /// assert_eq!(longest::run_parallel(&[[1.0, 0.0], [3.0, 4.0], [0.0, 2.0]])?, [3.0, 4.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn new(merge: fn(A, A) -> A) -> Self {
        Custom(merge)
    }
}

impl<A> fmt::Debug for Custom<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}

impl<A: Element> Merge<A> for Custom<A> {
    #[inline]
    fn neutral(&self) -> Option<A> {
        None
    }

    #[inline]
    fn merge(&self, a: A, b: A) -> A {
        (self.0)(a, b)
    }
}

macro_rules! merges {
    ($($merge:ident for $($element:ty)+ : $neutral:expr, $apply:expr;)+) => {$($(
        impl Merge<$element> for $merge {
            #[inline]
            fn neutral(&self) -> Option<$element> {
                let neutral: fn() -> $element = $neutral;
                Some(neutral())
            }

            #[inline]
            fn merge(&self, a: $element, b: $element) -> $element {
                let apply: fn($element, $element) -> $element = $apply;
                apply(a, b)
            }
        }
    )+)+};
}

merges! {
    Sum for u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize: || 0, |a, b| a.wrapping_add(b);
    Sum for f32 f64: || 0.0, |a, b| a + b;
    Sum for f16: || f16::ZERO, |a, b| a + b;
    Sum for Complex<f32> Complex<f64>: || Complex::new(0.0, 0.0), |a, b| a + b;
    Product for u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize: || 1, |a, b| a.wrapping_mul(b);
    Product for f32 f64: || 1.0, |a, b| a * b;
    Product for f16: || f16::ONE, |a, b| a * b;
    Product for Complex<f32> Complex<f64>: || Complex::new(1.0, 0.0), |a, b| a * b;
    Any for bool: || false, |a, b| a | b;
    All for bool: || true, |a, b| a & b;
}

macro_rules! extremes {
    ($($element:ty: $lowest:expr, $highest:expr;)+) => {$(
        impl Merge<$element> for Min {
            #[inline]
            fn neutral(&self) -> Option<$element> {
                Some($highest)
            }

            // `a != a` is true for NaN alone, and never for an integer.
            #[allow(clippy::eq_op, reason = "finds NaN, for integers and floats alike")]
            #[inline]
            fn merge(&self, a: $element, b: $element) -> $element {
                if a < b || a != a { a } else { b }
            }
        }

        impl Merge<$element> for Max {
            #[inline]
            fn neutral(&self) -> Option<$element> {
                Some($lowest)
            }

            #[allow(clippy::eq_op, reason = "finds NaN, for integers and floats alike")]
            #[inline]
            fn merge(&self, a: $element, b: $element) -> $element {
                if a > b || a != a { a } else { b }
            }
        }
    )+};
}

extremes! {
    u8: u8::MIN, u8::MAX;
    u16: u16::MIN, u16::MAX;
    u32: u32::MIN, u32::MAX;
    u64: u64::MIN, u64::MAX;
    u128: u128::MIN, u128::MAX;
    usize: usize::MIN, usize::MAX;
    i8: i8::MIN, i8::MAX;
    i16: i16::MIN, i16::MAX;
    i32: i32::MIN, i32::MAX;
    i64: i64::MIN, i64::MAX;
    i128: i128::MIN, i128::MAX;
    isize: isize::MIN, isize::MAX;
    f32: f32::NEG_INFINITY, f32::INFINITY;
    f64: f64::NEG_INFINITY, f64::INFINITY;
    f16: f16::NEG_INFINITY, f16::INFINITY;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_elements_change_nothing() {
        assert_eq!(Sum.merge(7_u8, Sum.neutral().unwrap()), 7);
        assert_eq!(Product.merge(7_i64, Product.neutral().unwrap()), 7);
        assert_eq!(Min.merge(-7.5_f64, Min.neutral().unwrap()), -7.5);
        assert_eq!(Max.merge(i32::MIN, Max.neutral().unwrap()), i32::MIN);
        assert!(!Any.merge(false, Any.neutral().unwrap()));
        assert!(All.merge(true, All.neutral().unwrap()));
    }

    #[test]
    fn nan_is_not_lost() {
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert!(Min.merge(a, b).is_nan());
            assert!(Max.merge(a, b).is_nan());
        }
    }
}
