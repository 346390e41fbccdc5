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

    /// Whether it is a number, alone or in a list of one.
    #[cfg(any(feature = "netcdf", feature = "zarr"))]
    pub(super) fn is_one_number(&self) -> bool {
        match self {
            Attribute::Float(_) | Attribute::Integer(_) | Attribute::Unsigned(_) => true,
            Attribute::Floats(values) => values.len() == 1,
            Attribute::Integers(values) => values.len() == 1,
            Attribute::Unsigneds(values) => values.len() == 1,
            Attribute::Text(_) | Attribute::Texts(_) => false,
        }
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
