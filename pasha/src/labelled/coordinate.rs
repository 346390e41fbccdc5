//! Coordinates: what the indices along a dimension stand for.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::Array1;

use super::labels::Attribute;
use super::time::{Reckoning, Time};

/// The values along one dimension, with attributes such as their units.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    pub(super) dim: String,
    pub(super) values: Values,
    pub(super) attrs: BTreeMap<String, Attribute>,
}

impl Coordinate {
    /// A coordinate of these values along the dimension `dim`.
    pub fn new(dim: impl Into<String>, values: impl Into<Values>) -> Self {
        Coordinate { dim: dim.into(), values: values.into(), attrs: BTreeMap::new() }
    }

    /// Adds an attribute, such as the units.
    #[must_use]
    pub fn with_attr(mut self, name: impl Into<String>, value: impl Into<Attribute>) -> Self {
        self.attrs.insert(name.into(), value.into());
        self
    }

    /// The dimension along which it lies.
    pub fn dim(&self) -> &str {
        &self.dim
    }

    /// Its values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Its attributes by name.
    pub fn attrs(&self) -> &BTreeMap<String, Attribute> {
        &self.attrs
    }

    /// The value at an index; `None` beyond the last.
    #[inline]
    pub fn get(&self, index: usize) -> Option<CoordinateValue<'_>> {
        match &self.values {
            Values::Float(values) => values.get(index).copied().map(CoordinateValue::Float),
            Values::Integer(values) => values.get(index).copied().map(CoordinateValue::Integer),
            Values::Time(values) => values.get(index).copied().map(CoordinateValue::Time),
            Values::Text(values) => values.get(index).map(|text| CoordinateValue::Text(text)),
        }
    }

    /// Turns numbers with `units: … since …` into times, as xarray does, and leaves others alone.
    ///
    /// Of times, the attributes that say how they were written are dropped: they are written anew.
    #[cfg_attr(not(any(feature = "netcdf", feature = "zarr")), allow(dead_code))]
    pub(super) fn decode_times(mut self) -> Self {
        let text = |name: &str| self.attrs.get(name).and_then(Attribute::as_text);
        let Some(reckoning) = text("units").and_then(|it| Reckoning::parse(it, text("calendar")))
        else {
            return self;
        };
        let times: Option<Vec<Time>> = match &self.values {
            Values::Float(numbers) => numbers.iter().map(|&it| reckoning.fraction(it)).collect(),
            Values::Integer(numbers) => numbers.iter().map(|&it| reckoning.whole(it)).collect(),
            Values::Time(_) | Values::Text(_) => None,
        };
        if let Some(times) = times {
            self.values = Values::Time(times);
            self.attrs.remove("units");
            self.attrs.remove("calendar");
        }
        self
    }
}

/// The values of a coordinate: numbers, times or text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Numbers with a fraction.
    Float(Vec<f64>),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Points in time.
    Time(Vec<Time>),
    /// Names.
    Text(Vec<String>),
}

impl Values {
    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::Float(values) => values.len(),
            Values::Integer(values) => values.len(),
            Values::Time(values) => values.len(),
            Values::Text(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

macro_rules! values_from {
    ($($element:ty => $variant:ident,)+) => {$(
        impl From<Vec<$element>> for Values {
            fn from(values: Vec<$element>) -> Values {
                Values::$variant(values.into_iter().map(Into::into).collect())
            }
        }

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
    )+};
}
values_from! {
    f64 => Float, f32 => Float,
    i64 => Integer, i32 => Integer, i16 => Integer, i8 => Integer,
    u32 => Integer, u16 => Integer, u8 => Integer,
    Time => Time,
    String => Text, &str => Text,
}

/// One value of a coordinate.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CoordinateValue<'a> {
    /// A number with a fraction.
    Float(f64),
    /// A whole number.
    Integer(i64),
    /// A point in time.
    Time(Time),
    /// A name.
    Text(&'a str),
}

impl CoordinateValue<'_> {
    /// The value as a number: of times the nanoseconds since 1970, of text NaN.
    pub fn to_f64(self) -> f64 {
        match self {
            CoordinateValue::Float(value) => value,
            CoordinateValue::Integer(value) => value as f64,
            CoordinateValue::Time(Time::MISSING) | CoordinateValue::Text(_) => f64::NAN,
            CoordinateValue::Time(time) => time.nanoseconds() as f64,
        }
    }
}

impl fmt::Display for CoordinateValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CoordinateValue::Float(value) => value.fmt(f),
            CoordinateValue::Integer(value) => value.fmt(f),
            CoordinateValue::Time(time) => time.fmt(f),
            CoordinateValue::Text(text) => text.fmt(f),
        }
    }
}
