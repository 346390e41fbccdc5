//! Attributes: what is said of an array or a coordinate under a name.

/// The attribute by which xarray knows that bytes are booleans.
#[cfg(any(feature = "netcdf", feature = "zarr"))]
pub(super) const BOOL: (&str, &str) = ("dtype", "bool");

/// The value of an attribute: text, a number, or several of either.
///
/// # Examples
/// ```
/// use pasha::labelled::Attribute;
///
/// assert_eq!(Attribute::from("counts"), Attribute::Text("counts".to_owned()));
/// assert_eq!(Attribute::from(0.5), Attribute::Float(0.5));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// Text.
    Text(String),
    /// A number with a fraction.
    Float(f64),
    /// A whole number.
    Integer(i64),
    /// A whole number that is larger than an `i64` can be.
    Unsigned(u64),
    /// Several texts.
    Texts(Vec<String>),
    /// Several numbers.
    Floats(Vec<f64>),
    /// Several whole numbers.
    Integers(Vec<i64>),
    /// Several whole numbers, of which some are larger than an `i64` can be.
    Unsigneds(Vec<u64>),
}

impl Attribute {
    /// The text, if it is text.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Attribute;
    ///
    /// assert_eq!(Attribute::from("counts").as_text(), Some("counts"));
    /// assert_eq!(Attribute::from(0.5).as_text(), None);
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Attribute::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its number as a float, if it is one alone or in a list of one, and finite.
    #[cfg(any(feature = "netcdf", feature = "zarr"))]
    pub(super) fn one_number(&self) -> Option<f64> {
        let number = match self {
            Attribute::Float(value) => *value,
            Attribute::Integer(value) => *value as f64,
            Attribute::Unsigned(value) => *value as f64,
            Attribute::Floats(values) if values.len() == 1 => values[0],
            Attribute::Integers(values) if values.len() == 1 => values[0] as f64,
            Attribute::Unsigneds(values) if values.len() == 1 => values[0] as f64,
            _ => return None,
        };
        Some(number).filter(|number| number.is_finite())
    }
}

macro_rules! attribute_from {
    ($($from:ty => $variant:ident,)+) => {$(
        impl From<$from> for Attribute {
            fn from(value: $from) -> Attribute {
                Attribute::$variant(value.into())
            }
        }
    )+};
}
attribute_from! {
    &str => Text, String => Text,
    f64 => Float, f32 => Float,
    i64 => Integer, i32 => Integer, u32 => Integer, i16 => Integer, u16 => Integer,
    i8 => Integer, u8 => Integer,
    Vec<f64> => Floats, Vec<i64> => Integers, Vec<String> => Texts,
}

impl From<u64> for Attribute {
    fn from(value: u64) -> Attribute {
        i64::try_from(value).map_or(Attribute::Unsigned(value), Attribute::Integer)
    }
}

impl From<Vec<u64>> for Attribute {
    fn from(values: Vec<u64>) -> Attribute {
        let signed: Option<Vec<i64>> =
            values.iter().map(|&value| i64::try_from(value).ok()).collect();
        signed.map_or(Attribute::Unsigneds(values), Attribute::Integers)
    }
}
