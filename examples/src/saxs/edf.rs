//! EDF files (ESRF data format): a header of text, then the numbers of an image.

use std::collections::HashMap;

use anyhow::Context as _;
use ndarray::Array2;

/// Reads the one image `(y, x)` of an EDF file.
///
/// # Errors
/// If it is no such file, is compressed, or has not as many bytes as the header says.
pub(super) fn read_edf(bytes: &[u8]) -> anyhow::Result<Array2<f64>> {
    let (header, data) = split(bytes)?;
    let header = Header::read(header)?;
    if let Some(compression) = header.get("compression").filter(|name| *name != "None") {
        anyhow::bail!("the image is compressed ({compression}): save it without Compression");
    }
    // Dim_1 is the one along which neighbours in the file lie.
    let (columns, rows) = (header.length("Dim_1")?, header.length("Dim_2")?);
    if let Some(length) = header.get("dim_3").filter(|length| *length != "1") {
        anyhow::bail!("Dim_3 is {length}: the file has a volume, one image is needed");
    }
    let data_type = header.needed("DataType")?;
    let numbers = Numbers::named(data_type)?;
    let big_endian = match header.get("byteorder") {
        Some("HighByteFirst") => true,
        Some("LowByteFirst") => false,
        None if numbers.size() == 1 => false,
        other => anyhow::bail!(
            "ByteOrder is {}, it must be LowByteFirst or HighByteFirst",
            other.unwrap_or("not told")
        ),
    };
    let needed = rows.checked_mul(columns).and_then(|pixels| pixels.checked_mul(numbers.size()));
    let data_of_image = needed.and_then(|needed| data.get(..needed)).with_context(|| {
        format!(
            "the header tells of {rows} x {columns} numbers of type {data_type} ({} bytes each), \
             but {} bytes follow it: the file is cut off or its header wrong",
            numbers.size(),
            data.len()
        )
    })?;
    let rest = &data[data_of_image.len()..];
    if rest.trim_ascii_start().first() == Some(&b'{') {
        anyhow::bail!(
            "the file has a second image: save the one that is meant as a file of its own"
        );
    }
    let values = data_of_image.chunks_exact(numbers.size()).map(|bytes| {
        let mut bytes = bytes.to_owned();
        if big_endian {
            bytes.reverse();
        }
        numbers.value(&bytes)
    });
    Ok(Array2::from_shape_vec((rows, columns), values.collect())?)
}

/// The text between the braces, and what follows the line of the closing one.
fn split(bytes: &[u8]) -> anyhow::Result<(&str, &[u8])> {
    let start = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    anyhow::ensure!(
        bytes.get(start) == Some(&b'{'),
        "an EDF file begins with {{, this one with {:?}",
        String::from_utf8_lossy(&bytes[..bytes.len().min(16)])
    );
    let open = &bytes[start + 1..];
    let (close, line_end) = [&b"}\n"[..], b"}\r\n"]
        .iter()
        .filter_map(|end| {
            let close = open.windows(end.len()).position(|part| part == *end)?;
            Some((close, end.len()))
        })
        .min()
        .context("the header begins with { but no line ends with }")?;
    let header = str::from_utf8(&open[..close]).context("the header is no UTF-8 text")?;
    Ok((header, &open[close + line_end..]))
}

/// Values by their keys in lower case.
struct Header<'a>(HashMap<String, &'a str>);

impl<'a> Header<'a> {
    fn read(text: &'a str) -> anyhow::Result<Self> {
        let mut entries = HashMap::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (key, value) = entry.split_once('=').with_context(|| {
                format!("the header has {entry:?}, its entries are `key = value ;`")
            })?;
            entries.insert(key.trim().to_ascii_lowercase(), value.trim());
        }
        Ok(Header(entries))
    }

    fn get(&self, lower_case_key: &str) -> Option<&'a str> {
        self.0.get(lower_case_key).copied()
    }

    fn needed(&self, key: &str) -> anyhow::Result<&'a str> {
        let value = self.get(&key.to_ascii_lowercase());
        value.with_context(|| format!("the header has no entry `{key} = … ;`"))
    }

    fn length(&self, key: &str) -> anyhow::Result<usize> {
        let text = self.needed(key)?;
        let length = text.parse().ok().filter(|&length: &usize| length > 0);
        length.with_context(|| format!("{key} is {text:?}, it must be a whole number above 0"))
    }
}

/// The types of numbers in EDF files.
#[derive(Clone, Copy)]
enum Numbers {
    Signed(usize),
    Unsigned(usize),
    F32,
    F64,
}

impl Numbers {
    fn named(name: &str) -> anyhow::Result<Self> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "signedbyte" => Numbers::Signed(1),
            "signedshort" => Numbers::Signed(2),
            "signedinteger" | "signedlong" => Numbers::Signed(4),
            "signed64" => Numbers::Signed(8),
            "unsignedbyte" => Numbers::Unsigned(1),
            "unsignedshort" => Numbers::Unsigned(2),
            "unsignedinteger" | "unsignedlong" => Numbers::Unsigned(4),
            "unsigned64" => Numbers::Unsigned(8),
            "float" | "floatvalue" | "real" => Numbers::F32,
            "double" | "doublevalue" => Numbers::F64,
            _ => anyhow::bail!(
                "DataType is {name:?}, this program knows Signed- and UnsignedByte, -Short, \
                 -Integer, -Long and -64, FloatValue and DoubleValue"
            ),
        })
    }

    fn size(self) -> usize {
        match self {
            Numbers::Signed(size) | Numbers::Unsigned(size) => size,
            Numbers::F32 => 4,
            Numbers::F64 => 8,
        }
    }

    /// The number of which these are the bytes, the lowest first.
    fn value(self, bytes: &[u8]) -> f64 {
        let unsigned = bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
        match self {
            Numbers::Unsigned(_) => unsigned as f64,
            Numbers::Signed(size) => {
                let unused_bits = 64 - 8 * size as u32;
                ((unsigned << unused_bits) as i64 >> unused_bits) as f64
            }
            Numbers::F32 => f32::from_bits(unsigned as u32).into(),
            Numbers::F64 => f64::from_bits(unsigned),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn file(entries: &str, data: &[u8]) -> Vec<u8> {
        let file = format!("{{\nHeaderID = EH:000001:000000:000000 ;\n{entries}\n}}\n");
        let mut bytes = file.into_bytes();
        bytes.extend(data);
        bytes
    }

    #[test]
    fn numbers_of_either_order_are_read() {
        let two = "Dim_1 = 2 ;\nDim_2 = 1 ;\n";
        let read = |entries: &str, data: &[u8]| read_edf(&file(entries, data)).unwrap();
        let bytes = read(&format!("{two}DataType = UnsignedByte ;"), &[0, 255]);
        assert_eq!(bytes, array![[0.0, 255.0]]);
        let order = "ByteOrder = HighByteFirst ;";
        let short = read(&format!("{two}DataType = SignedShort ; {order}"), &[255, 254, 1, 0]);
        assert_eq!(short, array![[-2.0, 256.0]]);
        let order = "ByteOrder = LowByteFirst ;";
        let float: Vec<u8> = [1.5_f32, -3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let float = read(&format!("{two}DataType = FloatValue ; {order}"), &float);
        assert_eq!(float, array![[1.5, -3.0]]);
        let column = read("Dim_1 = 1 ; Dim_2 = 2 ; DataType = UnsignedByte ;", &[7, 8]);
        assert_eq!(column, array![[7.0], [8.0]]);
    }

    #[test]
    fn mistakes_are_told() {
        let good = "Dim_1 = 2 ; Dim_2 = 1 ; DataType = UnsignedByte ;";
        for (from, to, told) in [
            ("Dim_1 = 2", "Dim_1 = 3", "1 x 3 numbers of type UnsignedByte (1 bytes each), but 2"),
            ("Dim_1 = 2", "Dim_1 = two", "Dim_1 is \"two\""),
            ("Dim_2 = 1 ;", "", "no entry `Dim_2 = … ;`"),
            ("Dim_2 = 1", "Dim_2 = 18446744073709551615", "the file is cut off"),
            ("UnsignedByte", "Short", "DataType is \"Short\""),
            ("UnsignedByte", "SignedShort", "ByteOrder is not told"),
            ("Dim_2 = 1", "Dim_2", "has \"Dim_2\", its entries are"),
            ("Dim_2", "Compression = GZIP ; Dim_2", "compressed (GZIP)"),
        ] {
            assert!(good.contains(from), "{from}");
            let error = read_edf(&file(&good.replace(from, to), &[0, 1])).unwrap_err().to_string();
            assert!(error.contains(told), "{to}: {error}");
        }
        let error = |bytes: &[u8]| read_edf(bytes).unwrap_err().to_string();
        assert!(error(b"II*\0").contains("begins with {"));
        assert!(error(b"{ Dim_1 = 2 ;").contains("no line ends with }"));
        assert!(error(&file(good, b"ab\n{ Dim_1 = 2 ;\n}\n")).contains("second image"));
    }
}
