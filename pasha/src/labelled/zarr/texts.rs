//! Texts in Zarr stores: of any length, and of a fixed number of letters or bytes.
//!
//! Those of a fixed length are read as raw bytes, because the library knows some of their types in
//! one format only, and not all of their fill values.

use std::path::Path;

use serde_json::{Map, Value, json};
use zarrs::array::{Array, ArrayMetadata, CodecOptions, data_type};

use super::array::{OpenZarr, chunk_shape, open as open_array, shape_of};
use super::files::{StoreArray, StoreFiles};
use super::json::read as read_json;
use super::metadata::check;
use crate::error::SourceError;
use crate::labelled::found::number_of_values;
use crate::labelled::variable::OpenVariable;

/// An array of texts.
pub(super) struct TextArray {
    pub(super) array: StoreArray,
    /// `None` if each text has its own length.
    fixed: Option<Fixed>,
}

/// How a text of a fixed length lies in its bytes, whose end is filled with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letters {
    Utf8,
    Utf32LittleEndian,
    Utf32BigEndian,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fixed {
    letters: Letters,
    /// Bytes of a text.
    size: usize,
}

/// Opens an array, if its elements are texts.
pub(super) fn open(path: &Path, place: &str) -> Result<Option<TextArray>, SourceError> {
    let folder = path.join(place);
    check(&folder)?;
    let (metadata, fixed) = if let Some(metadata) = read_json(&folder.join("zarr.json")) {
        let Some(fixed) = fixed_of_format_3(&metadata) else { return of_any_length(path, place) };
        (serde_json::from_value(of_raw_bytes_3(metadata, fixed)).map(ArrayMetadata::V3), fixed)
    } else {
        let metadata = read_json(&folder.join(".zarray")).unwrap_or_default();
        let dtype = metadata.get("dtype").and_then(Value::as_str).unwrap_or_default();
        let Some(fixed) = fixed_of_format_2(dtype) else { return of_any_length(path, place) };
        let attributes = read_json(&folder.join(".zattrs")).unwrap_or_default();
        let metadata = of_raw_bytes_2(metadata, attributes, fixed);
        (serde_json::from_value(metadata).map(ArrayMetadata::V2), fixed)
    };
    let store = StoreFiles::new(path);
    let array = Array::new_with_metadata(store, &format!("/{place}"), metadata?)?;
    Ok(Some(TextArray { array, fixed: Some(fixed) }))
}

fn of_any_length(path: &Path, place: &str) -> Result<Option<TextArray>, SourceError> {
    let array = open_array(path, place)?;
    let is_text = *array.data_type() == data_type::string();
    Ok(is_text.then_some(TextArray { array, fixed: None }))
}

/// `<U3`, `>U3` or `|S3`, as NumPy calls them.
fn fixed_of_format_2(dtype: &str) -> Option<Fixed> {
    let (letters, len) = if let Some(len) = dtype.strip_prefix("<U") {
        (Letters::Utf32LittleEndian, len)
    } else if let Some(len) = dtype.strip_prefix(">U") {
        (Letters::Utf32BigEndian, len)
    } else {
        (Letters::Utf8, dtype.strip_prefix("|S")?)
    };
    let len: usize = len.parse().ok()?;
    let size = if letters == Letters::Utf8 { len } else { len.checked_mul(4)? };
    (size > 0).then_some(Fixed { letters, size })
}

fn fixed_of_format_3(metadata: &Map<String, Value>) -> Option<Fixed> {
    let found = metadata.get("data_type")?;
    let size = found.get("configuration")?.get("length_bytes")?.as_u64()?;
    let size = usize::try_from(size).ok().filter(|&size| size > 0)?;
    let letters = match found.get("name")?.as_str()? {
        "null_terminated_bytes" => Letters::Utf8,
        "fixed_length_utf32" if size % 4 == 0 => {
            let codecs = metadata.get("codecs").and_then(Value::as_array);
            let mut names = codecs.into_iter().flatten();
            let is_big = names.any(|codec| {
                codec.pointer("/configuration/endian").and_then(Value::as_str) == Some("big")
            });
            if is_big { Letters::Utf32BigEndian } else { Letters::Utf32LittleEndian }
        }
        _ => return None,
    };
    Some(Fixed { letters, size })
}

fn of_raw_bytes_3(mut metadata: Map<String, Value>, fixed: Fixed) -> Value {
    metadata.insert("data_type".to_owned(), format!("r{}", fixed.size * 8).into());
    metadata.insert("fill_value".to_owned(), vec![0; fixed.size].into());
    Value::Object(metadata)
}

fn of_raw_bytes_2(
    mut metadata: Map<String, Value>,
    attributes: Map<String, Value>,
    fixed: Fixed,
) -> Value {
    metadata.insert("dtype".to_owned(), format!("|V{}", fixed.size).into());
    metadata.insert("fill_value".to_owned(), json!(vec![0; fixed.size]));
    metadata.insert("attributes".to_owned(), attributes.into());
    Value::Object(metadata)
}

impl TextArray {
    /// All texts, in C order.
    pub(super) fn read(self) -> Result<Vec<String>, SourceError> {
        chunk_shape(&self.array)?;
        let shape = shape_of(&self.array)?;
        let Some(fixed) = self.fixed else {
            number_of_values(&shape, size_of::<String>())?;
            let options = CodecOptions::default().with_concurrent_target(1);
            let all = self.array.subset_all();
            return Ok(self.array.retrieve_array_subset_opt(&all, &options)?);
        };
        let mut bytes = vec![0; number_of_values(&shape, fixed.size)? * fixed.size];
        if !bytes.is_empty() {
            OpenZarr::new(self.array).read(&vec![0; shape.len()], &shape, &mut bytes)?;
        }
        bytes.chunks_exact(fixed.size).map(|text| fixed.letters.decode(text)).collect()
    }
}

impl Letters {
    fn decode(self, text: &[u8]) -> Result<String, SourceError> {
        let number: fn([u8; 4]) -> u32 = match self {
            Letters::Utf8 => {
                let text = std::str::from_utf8(text)
                    .map_err(|error| format!("its text {text:?} is no UTF-8: {error}"))?;
                return Ok(text.trim_end_matches('\0').to_owned());
            }
            Letters::Utf32LittleEndian => u32::from_le_bytes,
            Letters::Utf32BigEndian => u32::from_be_bytes,
        };
        let letters = text.as_chunks::<4>().0.iter().map(|&letter| number(letter));
        let letters = letters.map(|letter| {
            char::from_u32(letter).ok_or_else(|| format!("{letter} is no letter of Unicode"))
        });
        let text: String = letters.collect::<Result<_, _>>()?;
        Ok(text.trim_end_matches('\0').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_their_byte_order() {
        let [little, big] = [Letters::Utf32LittleEndian, Letters::Utf32BigEndian];
        assert_eq!(little.decode(&[0xfc, 0, 0, 0, 0, 0, 0, 0]).unwrap(), "ü");
        assert_eq!(big.decode(&[0, 0, 0, 0xfc, 0, 0, 0, 0]).unwrap(), "ü");
        assert_eq!(Letters::Utf8.decode("ü\0\0".as_bytes()).unwrap(), "ü");
        assert!(little.decode(&[255; 4]).is_err() && Letters::Utf8.decode(&[255]).is_err());
        assert_eq!(fixed_of_format_2(">U3"), Some(Fixed { letters: big, size: 12 }));
        assert_eq!(fixed_of_format_2("<i8"), None);
        assert_eq!(fixed_of_format_2("|S0"), None);
    }
}
