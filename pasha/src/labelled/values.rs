//! The values of coordinates.

use std::fmt;

use half::f16;
use ndarray::Array1;

use super::time::{CalendarTime, Time};

/// The values of a coordinate: numbers, times, texts or truth values.
///
/// # Examples
/// ```
/// use pasha::labelled::Values;
///
/// assert_eq!(Values::from([0.5, 1.5]), Values::Float(vec![0.5, 1.5]));
/// assert_eq!(Values::from([17, 18]), Values::Integer(vec![17, 18]));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Numbers with a fraction.
    Float(Vec<f64>),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Whole numbers of which some are larger than an `i64` can be.
    Unsigned(Vec<u64>),
    /// Points in time.
    Time(Vec<Time>),
    /// Points in time of other calendars, or of years that [`Time`] does not reach.
    CalendarTime(Vec<CalendarTime>),
    /// Names.
    Text(Vec<String>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl Values {
    /// The number of values.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::labelled::Values::from([0.5, 1.5]).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        match self {
            Values::Float(values) => values.len(),
            Values::Integer(values) => values.len(),
            Values::Unsigned(values) => values.len(),
            Values::Time(values) => values.len(),
            Values::CalendarTime(values) => values.len(),
            Values::Text(values) => values.len(),
            Values::Bool(values) => values.len(),
        }
    }

    #[cfg_attr(not(any(feature = "netcdf", feature = "zarr")), allow(dead_code))]
    pub(super) fn are_numbers(&self) -> bool {
        matches!(self, Values::Float(_) | Values::Integer(_) | Values::Unsigned(_))
    }

    /// Whether there is none.
    ///
    /// # Examples
    /// ```
    /// assert!(!pasha::labelled::Values::from([0.5, 1.5]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a place; `None` beyond the last.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{CoordinateValue, Values};
    ///
    /// assert_eq!(Values::from([17, 18]).get(1), Some(CoordinateValue::Integer(18)));
    /// assert_eq!(Values::from([17, 18]).get(2), None);
    /// ```
    #[inline]
    pub fn get(&self, place: usize) -> Option<CoordinateValue<'_>> {
        match self {
            Values::Float(values) => values.get(place).copied().map(CoordinateValue::Float),
            Values::Integer(values) => values.get(place).copied().map(CoordinateValue::Integer),
            Values::Unsigned(values) => values.get(place).copied().map(CoordinateValue::Unsigned),
            Values::Time(values) => values.get(place).copied().map(CoordinateValue::Time),
            Values::CalendarTime(values) => {
                values.get(place).copied().map(CoordinateValue::CalendarTime)
            }
            Values::Text(values) => values.get(place).map(|text| CoordinateValue::Text(text)),
            Values::Bool(values) => values.get(place).copied().map(CoordinateValue::Bool),
        }
    }

    /// These values and behind them others, if they are of one type.
    pub(super) fn joined(&self, others: &Values) -> Option<Values> {
        Some(match (self, others) {
            (Values::Float(one), Values::Float(other)) => Values::Float([&one[..], other].concat()),
            (Values::Integer(one), Values::Integer(other)) => {
                Values::Integer([&one[..], other].concat())
            }
            (Values::Unsigned(one), Values::Unsigned(other)) => {
                Values::Unsigned([&one[..], other].concat())
            }
            (Values::Time(one), Values::Time(other)) => Values::Time([&one[..], other].concat()),
            (Values::CalendarTime(one), Values::CalendarTime(other)) => {
                Values::CalendarTime([&one[..], other].concat())
            }
            (Values::Text(one), Values::Text(other)) => Values::Text([&one[..], other].concat()),
            (Values::Bool(one), Values::Bool(other)) => Values::Bool([&one[..], other].concat()),
            _ => return None,
        })
    }

    /// The values at these places, in this order; places beyond the last are left out.
    pub(super) fn at(&self, places: impl Iterator<Item = usize>) -> Values {
        fn pick<T: Clone>(values: &[T], places: impl Iterator<Item = usize>) -> Vec<T> {
            places.filter_map(|place| values.get(place).cloned()).collect()
        }
        match self {
            Values::Float(values) => Values::Float(pick(values, places)),
            Values::Integer(values) => Values::Integer(pick(values, places)),
            Values::Unsigned(values) => Values::Unsigned(pick(values, places)),
            Values::Time(values) => Values::Time(pick(values, places)),
            Values::CalendarTime(values) => Values::CalendarTime(pick(values, places)),
            Values::Text(values) => Values::Text(pick(values, places)),
            Values::Bool(values) => Values::Bool(pick(values, places)),
        }
    }
}

macro_rules! values_from {
    ($($element:ty => $variant:ident,)+) => {$(
        impl From<Vec<$element>> for Values {
            fn from(values: Vec<$element>) -> Values {
                Values::$variant(values.into_iter().map(Into::into).collect())
            }
        }
        values_from! { @others $element }
    )+};
    (@others $element:ty) => {
        impl From<&[$element]> for Values {
            fn from(values: &[$element]) -> Values {
                values.to_vec().into()
            }
        }

        impl<const N: usize> From<[$element; N]> for Values {
            fn from(values: [$element; N]) -> Values {
                Vec::from(values).into()
            }
        }

        impl From<Array1<$element>> for Values {
            fn from(values: Array1<$element>) -> Values {
                values.to_vec().into()
            }
        }

        impl From<&Array1<$element>> for Values {
            fn from(values: &Array1<$element>) -> Values {
                values.to_vec().into()
            }
        }
    };
}
values_from! {
    f64 => Float, f32 => Float, f16 => Float,
    i64 => Integer, i32 => Integer, i16 => Integer, i8 => Integer,
    u32 => Integer, u16 => Integer, u8 => Integer,
    Time => Time, CalendarTime => CalendarTime,
    String => Text, &str => Text,
    bool => Bool,
}
values_from! { @others u64 }

impl From<Vec<u64>> for Values {
    /// They are [`Integer`](Values::Integer) if all fit into an `i64`.
    fn from(values: Vec<u64>) -> Values {
        let signed: Option<Vec<i64>> =
            values.iter().map(|&value| i64::try_from(value).ok()).collect();
        signed.map_or(Values::Unsigned(values), Values::Integer)
    }
}

/// One value of a coordinate.
///
/// # Examples
/// ```
/// use pasha::labelled::{Coordinate, CoordinateValue};
///
/// let sample = Coordinate::new("time", ["water", "silver behenate"]);
/// match sample.get(0) {
///     Some(CoordinateValue::Text(name)) => assert_eq!(name, "water"),
///     other => panic!("{other:?} is no text"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CoordinateValue<'a> {
    /// A number with a fraction.
    Float(f64),
    /// A whole number.
    Integer(i64),
    /// A whole number, one of some that are larger than an `i64` can be.
    Unsigned(u64),
    /// A point in time.
    Time(Time),
    /// A point in time of another calendar, or of a year that [`Time`] does not reach.
    CalendarTime(CalendarTime),
    /// A name.
    Text(&'a str),
    /// A truth value.
    Bool(bool),
}

impl CoordinateValue<'_> {
    /// The value as a number: of times the nanoseconds since 1970 (of their calendar), of text NaN,
    /// of truth values 1 or 0.
    ///
    /// Whole numbers and times beyond 2⁵³ are rounded; the variants have them exactly.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{CoordinateValue, Time};
    ///
    /// assert_eq!(CoordinateValue::Integer(17).to_f64(), 17.0);
    /// assert_eq!(CoordinateValue::Bool(true).to_f64(), 1.0);
    /// assert_eq!(CoordinateValue::Time(Time::from_nanoseconds(500)).to_f64(), 500.0);
    /// assert!(CoordinateValue::Text("water").to_f64().is_nan());
    /// ```
    pub fn to_f64(self) -> f64 {
        match self {
            CoordinateValue::Float(value) => value,
            CoordinateValue::Integer(value) => value as f64,
            CoordinateValue::Unsigned(value) => value as f64,
            CoordinateValue::Time(Time::MISSING) | CoordinateValue::Text(_) => f64::NAN,
            CoordinateValue::Time(time) => time.nanoseconds() as f64,
            CoordinateValue::CalendarTime(time) if time.is_missing() => f64::NAN,
            CoordinateValue::CalendarTime(time) => time.nanoseconds() as f64,
            CoordinateValue::Bool(value) => f64::from(u8::from(value)),
        }
    }
}

impl fmt::Display for CoordinateValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CoordinateValue::Float(value) => value.fmt(f),
            CoordinateValue::Integer(value) => value.fmt(f),
            CoordinateValue::Unsigned(value) => value.fmt(f),
            CoordinateValue::Time(time) => time.fmt(f),
            CoordinateValue::CalendarTime(time) => time.fmt(f),
            CoordinateValue::Text(text) => text.fmt(f),
            CoordinateValue::Bool(value) => value.fmt(f),
        }
    }
}
