//! Reading blanks and masks from files: NumPy's `.npy`, EDF and TIFF, of any usual type of numbers.

use std::io::Cursor;
use std::path::Path;

use anyhow::Context as _;
use ndarray::{Array2, Ix2};
use pasha::{NpyElement, NpyFile};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult};

use super::edf::read_edf;

/// The formats of files, by the ends of their names.
enum Format {
    Npy,
    Edf,
    Tiff,
}

impl Format {
    fn of(path: &Path) -> Self {
        let end = path.extension().unwrap_or_default().to_ascii_lowercase();
        match end.to_str() {
            Some("edf") => Format::Edf,
            Some("tif" | "tiff") => Format::Tiff,
            _ => Format::Npy,
        }
    }
}

/// Reads one image `(y, x)` of any usual type of numbers.
///
/// # Errors
/// If it can't be read or does not hold an image.
pub fn read_image(path: &Path) -> anyhow::Result<Array2<f64>> {
    let read = match Format::of(path) {
        Format::Npy => read_npy(path),
        Format::Edf => read_bytes(path).and_then(|bytes| read_edf(&bytes)),
        Format::Tiff => read_bytes(path).and_then(|bytes| read_tiff(&bytes)),
    };
    read.with_context(|| match Format::of(path) {
        Format::Npy => {
            "can't read an image (y, x) of uint16, uint32, int32, float32 or float64".to_owned()
        }
        _ => format!("can't read an image from {}", path.display()),
    })
}

/// Reads a mask `(y, x)`, which is `true` at pixels that are not valid: where it is not 0.
///
/// # Errors
/// If it can't be read or does not hold a mask.
pub fn read_mask(path: &Path) -> anyhow::Result<Array2<bool>> {
    if let Format::Edf | Format::Tiff = Format::of(path) {
        return Ok(read_image(path).context("can't read a mask")?.mapv(|value| value != 0.0));
    }
    read_npy_mask::<u8>(path, |mask| mask != 0)
        .or_else(|_| read_npy_mask::<i8>(path, |mask| mask != 0))
        .or_else(|_| read_npy_mask::<i32>(path, |mask| mask != 0))
        .or_else(|_| read_npy_mask::<i64>(path, |mask| mask != 0))
        .or_else(|_| read_npy_mask::<u16>(path, |mask| mask != 0))
        .or_else(|_| read_npy_mask::<u32>(path, |mask| mask != 0))
        // The last one tried tells what is wrong.
        .or_else(|_| read_npy_mask::<bool>(path, |mask| mask))
        .context("can't read a mask, an array (y, x) of bool or whole numbers")
}

fn read_npy_mask<T: NpyElement + Copy>(
    path: &Path,
    is_masked: impl Fn(T) -> bool,
) -> pasha::Result<Array2<bool>> {
    Ok(NpyFile::<T, Ix2>::open(path)?.view().mapv(is_masked))
}

fn read_npy(path: &Path) -> anyhow::Result<Array2<f64>> {
    read_npy_of::<u16>(path)
        .or_else(|_| read_npy_of::<u32>(path))
        .or_else(|_| read_npy_of::<f32>(path))
        .or_else(|_| read_npy_of::<f64>(path))
        .or_else(|_| read_npy_of::<i32>(path))
        .map_err(Into::into)
}

fn read_npy_of<T: NpyElement + Into<f64>>(path: &Path) -> pasha::Result<Array2<f64>> {
    Ok(NpyFile::<T, Ix2>::open(path)?.view().mapv(Into::into))
}

fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    Ok(std::fs::read(path)?)
}

fn read_tiff(bytes: &[u8]) -> anyhow::Result<Array2<f64>> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?;
    let (columns, rows) = decoder.dimensions()?;
    let shape = (rows as usize, columns as usize);
    let colours = decoder.colortype()?;
    anyhow::ensure!(
        matches!(colours, ColorType::Gray(1 | 8 | 16 | 32 | 64)),
        "its pixels are {colours:?}: save it in shades of grey, of 1, 8, 16, 32 or 64 bits"
    );
    let values = decoder.read_image()?;
    anyhow::ensure!(
        !decoder.more_images(),
        "the file has several images: save the one that is meant as a file of its own"
    );
    let values: Vec<f64> = match values {
        DecodingResult::U8(bytes) if colours == ColorType::Gray(1) => bits(&bytes, shape),
        DecodingResult::U8(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::U16(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::U32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::U64(values) => values.into_iter().map(|value| value as f64).collect(),
        DecodingResult::I8(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I16(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I64(values) => values.into_iter().map(|value| value as f64).collect(),
        DecodingResult::F16(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::F32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::F64(values) => values,
    };
    Ok(Array2::from_shape_vec(shape, values)?)
}

/// The single bits of rows that each begin with a byte of their own, the highest bit first.
fn bits(bytes: &[u8], (_, columns): (usize, usize)) -> Vec<f64> {
    let rows = bytes.chunks(columns.div_ceil(8));
    rows.flat_map(|row| (0..columns).map(|column| row[column / 8] >> (7 - column % 8) & 1))
        .map(f64::from)
        .collect()
}
