//! Coordinates: what the indices along a dimension stand for.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::Array1;

use super::labels::Attribute;
use super::time::{CalendarTime, Time, TimeUnits};

/// The values along one dimension, with attributes such as their units.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    pub(super) dim: String,
    pub(super) values: Values,
    pub(super) attrs: BTreeMap<String, Attribute>,
    /// Why numbers with units of time were not decoded.
    pub(super) undecoded: Option<String>,
}

impl Coordinate {
    /// A coordinate of these values along the dimension `dim`.
    pub fn new(dim: impl Into<String>, values: impl Into<Values>) -> Self {
        Coordinate {
            dim: dim.into(),
            values: values.into(),
            attrs: BTreeMap::new(),
            undecoded: None,
        }
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
            Values::CalendarTime(values) => {
                values.get(index).copied().map(CoordinateValue::CalendarTime)
            }
            Values::Text(values) => values.get(index).map(|text| CoordinateValue::Text(text)),
        }
    }

    /// Why the numbers are not decoded to times, although they count `… since …`; `None` where
    /// nothing is wrong.
    ///
    /// Such a coordinate keeps its numbers as the file has them, and all attributes.
    ///
    /// # Examples
    /// ```no_run
    /// # use ndarray::Ix1;
    /// # use pasha::DataArray;
    /// # #[cfg(feature = "netcdf")] {
    /// let heat = DataArray::<f64, Ix1>::from_netcdf("heat.nc", "heat")?;
    /// for (name, coordinate) in heat.coords() {
    ///     if let Some(reason) = coordinate.undecoded() {
    ///         eprintln!("{name}: {reason}");
    ///     }
    /// }
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn undecoded(&self) -> Option<&str> {
        self.undecoded.as_deref()
    }

    /// Turns numbers with `units: … since …` into times, as xarray does, and leaves others alone.
    ///
    /// Of [`Time`]s, the attributes that say how they were written are dropped: they are written
    /// anew. [`CalendarTime`]s keep them.
    #[cfg_attr(not(any(feature = "netcdf", feature = "zarr")), allow(dead_code))]
    pub(super) fn decode_times(mut self) -> Self {
        let text = |name: &str| self.attrs.get(name).and_then(Attribute::as_text);
        let Some(units) = text("units").filter(|_| self.values.are_numbers()) else { return self };
        let Some(found) = TimeUnits::find(units, text("calendar")) else { return self };
        match found.and_then(|units| units.decode_values(&self.values)) {
            Ok(times) => {
                if matches!(times, Values::Time(_)) {
                    self.attrs.remove("units");
                    self.attrs.remove("calendar");
                }
                self.values = times;
            }
            Err(reason) => {
                self.undecoded = Some(format!("its units {units:?} are not decoded: {reason}"));
            }
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
    /// Points in time of other calendars, or of years that [`Time`] does not reach.
    CalendarTime(Vec<CalendarTime>),
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
            Values::CalendarTime(values) => values.len(),
            Values::Text(values) => values.len(),
        }
    }

    #[cfg_attr(not(any(feature = "netcdf", feature = "zarr")), allow(dead_code))]
    fn are_numbers(&self) -> bool {
        matches!(self, Values::Float(_) | Values::Integer(_))
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
    Time => Time, CalendarTime => CalendarTime,
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
    /// A point in time of another calendar, or of a year that [`Time`] does not reach.
    CalendarTime(CalendarTime),
    /// A name.
    Text(&'a str),
}

impl CoordinateValue<'_> {
    /// The value as a number: of times the nanoseconds since 1970 (of their calendar), of text NaN.
    pub fn to_f64(self) -> f64 {
        match self {
            CoordinateValue::Float(value) => value,
            CoordinateValue::Integer(value) => value as f64,
            CoordinateValue::Time(Time::MISSING) | CoordinateValue::Text(_) => f64::NAN,
            CoordinateValue::Time(time) => time.nanoseconds() as f64,
            CoordinateValue::CalendarTime(time) if time.is_missing() => f64::NAN,
            CoordinateValue::CalendarTime(time) => time.nanoseconds() as f64,
        }
    }
}

impl fmt::Display for CoordinateValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CoordinateValue::Float(value) => value.fmt(f),
            CoordinateValue::Integer(value) => value.fmt(f),
            CoordinateValue::Time(time) => time.fmt(f),
            CoordinateValue::CalendarTime(time) => time.fmt(f),
            CoordinateValue::Text(text) => text.fmt(f),
        }
    }
}
