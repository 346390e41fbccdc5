//! Small values of a file: index arrays, names, attributes.

use std::collections::BTreeMap;
use std::fmt::Display;

use hdf5_metno::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5_metno::{Container, Dataset, File, Group, H5Type, Location};

use super::links::exists;
use crate::error::SourceError;
use crate::hdf5::guards::open_dataset;

/// The value of an attribute, or of a value that is the same for a whole run.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// use pasha::xfel::Attribute;
///
/// if let Some(Attribute::Integer(number)) = run.metadata()?.get("runNumber") {
///     println!("run {number}");
/// }
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A whole number that is too large for the other.
    Unsigned(u64),
    /// A number.
    Float(f64),
    /// Several values.
    List(Vec<Attribute>),
}

impl Attribute {
    /// The text, if it is one.
    ///
    /// # Examples
    /// ```
    /// use pasha::xfel::Attribute;
    ///
    /// assert_eq!(Attribute::Text("μJ".to_owned()).as_text(), Some("μJ"));
    /// assert_eq!(Attribute::Integer(17).as_text(), None);
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Attribute::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A byte in place of a bool of HDF5's.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct BoolByte(u8);

// SAFETY: a bool of HDF5's is an enumeration of one byte, and every byte is valid here.
unsafe impl H5Type for BoolByte {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::Boolean
    }
}

/// The most numbers of an array in `INDEX`, which has one for each train: at ten trains a second
/// those of nine days.
const MOST_NUMBERS: usize = 1 << 23;

/// All of a data set of numbers that count something: none of them is negative or has a fraction.
pub(super) fn counts(group: &Group, path: &str) -> Result<Vec<u64>, SourceError> {
    let dataset = array(group, path)?;
    let unusable = |found: &dyn Display| format!("there is no usable {path}: it holds {found}");
    // The library would make 0 of what is negative, and cut fractions off.
    match dataset.dtype()?.to_descriptor() {
        Ok(TypeDescriptor::Integer(_)) => {
            let numbers = read::<i64>(&dataset, path)?;
            let number = |number: i64| u64::try_from(number).map_err(|_| unusable(&number).into());
            numbers.into_iter().map(number).collect()
        }
        Ok(TypeDescriptor::Float(_)) => {
            let numbers = read::<f64>(&dataset, path)?;
            let number = |number: f64| match number as u64 as f64 == number {
                true => Ok(number as u64),
                false => Err(unusable(&number).into()),
            };
            numbers.into_iter().map(number).collect()
        }
        _ => read::<u64>(&dataset, path),
    }
}

/// All of a data set of numbers.
pub(super) fn numbers<T: H5Type>(group: &Group, path: &str) -> Result<Vec<T>, SourceError> {
    read::<T>(&array(group, path)?, path)
}

/// An array in `INDEX`, before anything of its size is allocated.
fn array(group: &Group, path: &str) -> Result<Dataset, SourceError> {
    let dataset =
        open_dataset(group, path).map_err(|error| format!("there is no usable {path}: {error}"))?;
    let shape = dataset.shape();
    let len = shape.iter().try_fold(1_usize, |all, &len| all.checked_mul(len));
    match len.is_some_and(|len| len <= MOST_NUMBERS) {
        true => Ok(dataset),
        false => Err(format!(
            "there is no usable {path}: its shape is {shape:?}, and {MOST_NUMBERS} numbers are the most \
             that an index has"
        )
        .into()),
    }
}

fn read<T: H5Type>(dataset: &Dataset, path: &str) -> Result<Vec<T>, SourceError> {
    let read = dataset.read_raw::<T>();
    read.map_err(|error| format!("there is no usable {path}: {error}").into())
}

/// All of a data set of texts, if there is one.
pub(super) fn texts(file: &File, path: &str) -> Result<Option<Vec<String>>, SourceError> {
    if !exists(file, path)? {
        return Ok(None);
    }
    let texts = open_dataset(file, path).map_err(SourceError::from).and_then(|it| texts_of(&it));
    texts.map(Some).map_err(|error| format!("there is no usable {path}: {error}").into())
}

/// All texts of a data set or an attribute.
pub(super) fn texts_of(stored: &Container) -> Result<Vec<String>, SourceError> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(match stored.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenUnicode => {
            let texts = stored.read_raw::<VarLenUnicode>()?;
            texts.iter().map(|text| lossy(text.as_bytes())).collect()
        }
        TypeDescriptor::VarLenAscii => {
            stored.read_raw::<VarLenAscii>()?.iter().map(text_of).collect()
        }
        TypeDescriptor::FixedAscii(len) | TypeDescriptor::FixedUnicode(len) => {
            return texts_of_length(stored, len);
        }
        other => return Err(format!("it holds {other}, not texts").into()),
    })
}

/// A text of HDF5's, whatever its encoding.
fn text_of(text: &VarLenAscii) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

/// Bytes of the longest texts of fixed length, and of all texts of such a data set together.
const LONGEST_TEXT: usize = 64 << 10;
const MOST_TEXT: usize = 1 << 30;

/// Texts of `len` bytes each, zeros behind the shorter ones included.
fn texts_of_length(stored: &Container, len: usize) -> Result<Vec<String>, SourceError> {
    if len > LONGEST_TEXT || stored.size().saturating_mul(len) > MOST_TEXT {
        let number = stored.size();
        return Err(format!(
            "it holds {number} texts of {len} bytes; {LONGEST_TEXT} bytes are the most that one may have, and \
             {MOST_TEXT} all of them"
        )
        .into());
    }
    // The library copies into texts of a length that is known at compile time.
    match len {
        0..=128 => read_texts::<128>(stored),
        129..=1024 => read_texts::<1024>(stored),
        1025..=8192 => read_texts::<8192>(stored),
        _ => read_texts::<LONGEST_TEXT>(stored),
    }
}

fn read_texts<const LEN: usize>(stored: &Container) -> Result<Vec<String>, SourceError> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(match stored.dtype()?.to_descriptor()? {
        TypeDescriptor::FixedUnicode(_) => {
            let texts = stored.read_raw::<FixedUnicode<LEN>>()?;
            texts.iter().map(|text| lossy(text.as_bytes())).collect()
        }
        _ => {
            let texts = stored.read_raw::<FixedAscii<LEN>>()?;
            texts.iter().map(|text| lossy(text.as_bytes())).collect()
        }
    })
}

/// The attributes of an object; those that are neither text nor numbers, or can't be read, are left
/// out.
pub(super) fn attributes(of: &Location) -> Result<BTreeMap<String, Attribute>, SourceError> {
    let mut found = BTreeMap::new();
    for name in of.attr_names()? {
        if let Ok(Some(value)) =
            of.attr(&name).map_err(SourceError::from).and_then(|it| value_of(&it))
        {
            found.insert(name, value);
        }
    }
    Ok(found)
}

/// The value of a small data set or attribute, if it is text or numbers.
pub(super) fn value_of(stored: &Container) -> Result<Option<Attribute>, SourceError> {
    let Ok(descriptor) = stored.dtype().and_then(|dtype| dtype.to_descriptor()) else {
        return Ok(None);
    };
    let mut values: Vec<Attribute> = match descriptor {
        TypeDescriptor::Integer(_) => {
            stored.read_raw::<i64>()?.into_iter().map(Attribute::Integer).collect()
        }
        TypeDescriptor::Boolean => {
            // As the bytes that they are: others than 0 and 1 would be no bools.
            let values = stored.read_raw::<BoolByte>()?;
            values.into_iter().map(|BoolByte(value)| Attribute::Integer(value.into())).collect()
        }
        TypeDescriptor::Unsigned(_) => stored
            .read_raw::<u64>()?
            .into_iter()
            .map(|value| {
                i64::try_from(value).map_or(Attribute::Unsigned(value), Attribute::Integer)
            })
            .collect(),
        TypeDescriptor::Float(_) => {
            stored.read_raw::<f64>()?.into_iter().map(Attribute::Float).collect()
        }
        TypeDescriptor::VarLenAscii
        | TypeDescriptor::VarLenUnicode
        | TypeDescriptor::FixedAscii(_)
        | TypeDescriptor::FixedUnicode(_) => {
            texts_of(stored)?.into_iter().map(Attribute::Text).collect()
        }
        _ => return Ok(None),
    };
    Ok(Some(match values.len() {
        1 => values.remove(0),
        _ => Attribute::List(values),
    }))
}
