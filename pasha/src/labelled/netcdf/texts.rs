//! Texts in NetCDF files: strings, and rows of characters.

use netcdf::{Extent, Variable};

use super::attributes::text;
use super::strings::strings;
use crate::error::SourceError;
use crate::labelled::found::number_of_values;

/// What the texts of a variable consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextsOf {
    /// Each element is a text.
    Strings,
    /// Each element is a character, and a text of its own.
    Letters,
    /// Each element is a character, and a text is a row along the last dimension.
    Rows,
}

/// The texts of a variable of this shape, in C order.
pub(super) fn texts(
    variable: &Variable<'_>,
    kind: TextsOf,
    shape: &[usize],
) -> Result<Vec<String>, SourceError> {
    let are_strings = kind == TextsOf::Strings;
    let len = number_of_values(shape, if are_strings { size_of::<String>() } else { 1 })?;
    if len == 0 {
        let texts = match (kind, shape) {
            (TextsOf::Rows, [outer @ .., _]) => number_of_values(outer, size_of::<String>())?,
            _ => 0,
        };
        return Ok(vec![String::new(); texts]);
    }
    if are_strings {
        return strings(variable, all_of(shape), len);
    }
    let mut letters = vec![0_u8; len];
    let read = variable.get_raw_values_into(&mut letters, all_of(shape));
    read.map_err(|error| format!("{error}: the file is damaged or truncated"))?;
    let encoding = variable.attribute_value("_Encoding").and_then(|it| text(it.ok()?));
    let row = if kind == TextsOf::Rows { shape.last().copied().unwrap_or(1) } else { 1 };
    letters.chunks_exact(row).map(|row| decode(row, encoding.as_deref())).collect()
}

/// All of a variable of this shape.
fn all_of(shape: &[usize]) -> Vec<Extent> {
    shape.iter().map(|&count| Extent::SliceCount { start: 0, count, stride: 1 }).collect()
}

/// A text without the zeros that fill its row.
fn decode(row: &[u8], encoding: Option<&str>) -> Result<String, SourceError> {
    let used = row.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let row = &row[..used];
    let encoding = encoding.map(str::to_lowercase);
    match encoding.as_deref() {
        // The first 256 letters of Unicode are those of Latin-1.
        Some("latin-1" | "latin1" | "iso-8859-1" | "iso8859-1") => {
            Ok(row.iter().map(|&byte| char::from(byte)).collect())
        }
        _ => match std::str::from_utf8(row) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(format!(
                "its text {:?} is no UTF-8 ({error}); say what it is with the attribute _Encoding",
                String::from_utf8_lossy(row)
            )
            .into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_with_zeros_and_are_in_the_encoding_that_the_file_names() {
        assert_eq!(decode(b"a\0b\0\0", None).unwrap(), "a\0b");
        assert_eq!(decode("ü".as_bytes(), Some("UTF-8")).unwrap(), "ü");
        assert_eq!(decode(b"\xfc\0", Some("ISO-8859-1")).unwrap(), "ü");
        let error = decode(b"\xfc\0", None).unwrap_err().to_string();
        assert!(error.contains("no UTF-8") && error.contains("_Encoding"), "{error}");
    }
}
