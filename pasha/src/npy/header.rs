//! Headers of `.npy` files: read, and written.

use super::literal::{Literal, dictionary};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Headers are padded so that the elements begin at a multiple of this.
const ALIGN: usize = 64;
/// No header is longer. NumPy reads 10,000 bytes where it is not told to trust the file.
const LONGEST_NPY_HEADER: usize = 1 << 20;
/// The bits of a mark.
const MARK: usize = 64;

/// What the header of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The type of the elements, as NumPy names it: `<f8`.
    pub(crate) descr: String,
    pub(crate) is_fortran: bool,
    pub(crate) shape: Vec<usize>,
    /// The number of bytes before the first element.
    pub(crate) offset: usize,
    /// The number that this file was given when it was made, or 0: see [`write`].
    pub(crate) mark: u64,
}

impl Header {
    /// Type, order and shape as NumPy writes them.
    pub(crate) fn dictionary(&self) -> String {
        let Header { descr, is_fortran, shape, .. } = self;
        let order = if *is_fortran { "True" } else { "False" };
        let shape = match &shape[..] {
            [len] => format!("({len},)"),
            lens => {
                format!("({})", lens.iter().map(usize::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}")
    }
}

/// Writes a header, and sets its offset.
///
/// A mark is written into the white space that every header ends with: 64 characters in front of
/// the last, a space for each 0 and a tab for each 1, the highest bit first. Python reads both as
/// nothing.
pub(crate) fn write(header: &mut Header) -> Vec<u8> {
    let dictionary = header.dictionary();
    let mark = if header.mark == 0 { 0 } else { MARK };
    // Of version 1, whose length has two bytes: 65535 suffice for thousands of axes.
    let before = MAGIC.len() + 4;
    header.offset = (before + dictionary.len() + mark + 1).next_multiple_of(ALIGN);
    let mut bytes = [MAGIC, &[1, 0], &((header.offset - before) as u16).to_le_bytes()].concat();
    bytes.extend(dictionary.as_bytes());
    bytes.resize(header.offset - 1 - mark, b' ');
    for bit in (0..mark).rev() {
        bytes.push(if header.mark >> bit & 1 == 1 { b'\t' } else { b' ' });
    }
    bytes.push(b'\n');
    bytes
}

/// Reads the header that a file begins with; the elements need not be there.
///
/// # Errors
/// What is wrong with it, and what to do.
pub(crate) fn parse(file: &[u8]) -> Result<Header, String> {
    const HOW: &str = "make one with np.save(path, array)";
    if file.is_empty() {
        return Err(format!("the file is empty, it has 0 bytes; {HOW}"));
    }
    let Some(rest) = file.strip_prefix(MAGIC) else { return Err(other_file(file)) };
    let cut = |needed: usize| {
        format!(
            "it is truncated within its header, which has {needed} bytes; the file has {}",
            file.len()
        )
    };
    let (len, before) = match *rest {
        [1, 0, a, b, ..] => (u32::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, 0, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), 12),
        [] | [_] | [1..=3, 0, ..] => return Err(cut(MAGIC.len() + 6)),
        [major, minor, ..] => {
            return Err(format!(
                "it is of version {major}.{minor} of the .npy format, and 1.0, 2.0 and 3.0 are known; {HOW}"
            ));
        }
    };
    let len = len as usize;
    if len > LONGEST_NPY_HEADER {
        return Err(format!(
            "its header has {len} bytes, and {LONGEST_NPY_HEADER} are the most that one may have"
        ));
    }
    let offset = before + len;
    let text = file.get(before..offset).ok_or_else(|| cut(offset))?;
    // Latin-1 in the versions 1 and 2, UTF-8 in 3: they differ in the names of fields alone.
    let text = String::from_utf8_lossy(text);
    let unreadable = |how: String| format!("its header can't be read: {how}; {HOW}");
    let entries = dictionary(&text).map_err(unreadable)?;
    let (mut descr, mut is_fortran, mut shape) = (None, None, None);
    for (key, value, source) in entries {
        match (key.as_str(), value) {
            ("descr", Literal::Text(text)) => descr = Some(text),
            ("descr", value) => return Err(records(&value, source)),
            ("fortran_order", Literal::Boolean(value)) => is_fortran = Some(value),
            ("fortran_order", _) => {
                return Err(unreadable(format!("'fortran_order' is {source}, not True or False")));
            }
            ("shape", value) => shape = Some(lengths(value, source).map_err(unreadable)?),
            (other, _) => return Err(unreadable(format!("it has an unknown entry {other:?}"))),
        }
    }
    let missing = |key: &str| unreadable(format!("it has no entry {key:?}"));
    Ok(Header {
        descr: descr.ok_or_else(|| missing("descr"))?,
        is_fortran: is_fortran.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
        offset,
        mark: mark_of(text.as_bytes()),
    })
}

/// The mark in the white space at the end.
fn mark_of(text: &[u8]) -> u64 {
    let end = text.strip_suffix(b"\n").unwrap_or(text);
    let Some((_, end)) = end.split_last_chunk::<MARK>() else { return 0 };
    let bits = end.iter().try_fold(0, |mark, byte| match byte {
        b' ' => Some(mark << 1),
        b'\t' => Some(mark << 1 | 1),
        _ => None,
    });
    bits.unwrap_or(0)
}

fn lengths(value: Literal, source: &str) -> Result<Vec<usize>, String> {
    let Literal::Tuple(lens) = value else {
        return Err(format!("'shape' is {source}, not a tuple of whole numbers"));
    };
    let length = |len| match len {
        Literal::Integer(len) => len
            .and_then(|len| usize::try_from(len).ok())
            .ok_or_else(|| format!("'shape' is {source}, which no machine can address")),
        _ => Err(format!("'shape' is {source}, not a tuple of whole numbers")),
    };
    lens.into_iter().map(length).collect()
}

/// Elements whose type is no text are records, or arrays.
fn records(value: &Literal, source: &str) -> String {
    let first = match value {
        Literal::List(fields) => fields.first(),
        _ => None,
    };
    let advice = match first {
        Some(Literal::Tuple(field)) => match field.first() {
            Some(Literal::Text(name)) => format!("save one field, np.save(path, array['{name}'])"),
            _ => "save one field of them".to_owned(),
        },
        _ => "save an array of numbers".to_owned(),
    };
    let source: String = source.chars().take(200).collect();
    format!("its elements are records, of NumPy type {source}, which pasha does not read; {advice}")
}

/// Says what a file is that is no `.npy` file.
fn other_file(file: &[u8]) -> String {
    match file {
        [b'P', b'K', ..] => "it is a .npz file, an archive of several arrays; save one of them, \
             np.save(path, np.load(archive)[name])"
            .to_owned(),
        [b'\x89', b'H', b'D', b'F', ..] => {
            "it is an HDF5 file, not a .npy file; open it with Hdf5Dataset (feature `hdf5`)"
                .to_owned()
        }
        _ => {
            let start = file.get(..8).unwrap_or(file).escape_ascii();
            format!(
                "it is not a .npy file: it begins with \"{start}\", not with \"\\x93NUMPY\"; \
                 make one with np.save(path, array)"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with this dictionary, as NumPy before 1.14 wrote it.
    fn file(dictionary: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((dictionary.len() as u16 + 1).to_le_bytes());
        bytes.extend(dictionary.as_bytes());
        bytes.push(b'\n');
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, usize::MAX >> 1, 7]] {
            for mark in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
                let mut header = Header {
                    descr: "<f8".into(),
                    is_fortran: mark == 1,
                    shape: shape.clone(),
                    offset: 0,
                    mark,
                };
                let bytes = write(&mut header);
                assert_eq!((bytes.len(), bytes.len() % 64), (header.offset, 0));
                assert_eq!(parse(&bytes), Ok(header));
            }
        }
    }

    /// The mark is white space to others, too.
    #[test]
    fn numpy_and_ndarray_npy_read_a_file_with_a_mark() {
        let path = std::env::temp_dir().join(format!("pasha-mark-{}.npy", std::process::id()));
        let mark = 0x8123_4567_89ab_cdef;
        let mut header =
            Header { descr: "<u2".into(), is_fortran: true, shape: vec![2, 1], offset: 0, mark };
        let file = [write(&mut header), vec![1, 0, 2, 0]].concat();
        std::fs::write(&path, file).unwrap();
        let read: ndarray::Array2<u16> = ndarray_npy::read_npy(&path).unwrap();
        assert_eq!(read, ndarray::array![[1], [2]]);
        let program = format!("import numpy; print(numpy.load({path:?}).tolist())");
        let python = std::process::Command::new("python3").args(["-c", &program]).output();
        match python {
            Ok(said) if !String::from_utf8_lossy(&said.stderr).contains("No module named") => {
                assert_eq!(said.stdout, b"[[1], [2]]\n", "{said:?}");
            }
            _ => println!("skipped: there is no Python with NumPy here"),
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn headers_that_say_something_else_are_refused() {
        let whole = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
        let header = parse(&file(whole)).unwrap();
        assert_eq!((header.offset, header.mark), (70, 0));
        assert_eq!(header.dictionary(), whole);
        for (replaced, by, told) in [
            ("(2, 3)", "(np.int64(2), np.int64(3))", "before \"np.int64(2)"),
            ("(2, 3)", "(18446744073709551616,)", "no machine"),
            ("(2, 3)", "(2, '3')", "not a tuple of whole numbers"),
            ("(2, 3)", "6", "'shape' is 6"),
            ("False", "0", "'fortran_order' is 0"),
            ("'<f8'", "[('x', '<i4'), ('y', '<f8')]", "array['x']"),
            ("'<f8'", "('<f8', (2,))", "records"),
            ("'descr'", "'dsecr'", "unknown entry \"dsecr\""),
            ("'descr': '<f8', ", "", "no entry \"descr\""),
        ] {
            let reason = parse(&file(&whole.replace(replaced, by))).unwrap_err();
            assert!(reason.contains(told), "{reason}");
        }
        for (bytes, told) in [
            (&b""[..], "the file is empty"),
            (b"PK\x03\x04", "np.load(archive)[name]"),
            (b"\x89HDF\r\n\x1a\n", "Hdf5Dataset"),
            (b"text", "begins with \"text\""),
            (b"\x93NUMPY", "truncated within its header"),
            (b"\x93NUMPY\x01\x00\x76", "truncated within its header"),
            (b"\x93NUMPY\x01\x00\x76\x00{", "truncated within its header, which has 128 bytes"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "1048576"),
            (b"\x93NUMPY\x04\x00\x76\x00{", "version 4.0"),
        ] {
            let reason = parse(bytes).unwrap_err();
            assert!(reason.contains(told), "{reason}");
        }
    }
}
