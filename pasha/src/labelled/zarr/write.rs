//! Writing Zarr, format 3.

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayView, Dimension, IxDyn, Slice};
use serde_json::{Map, Value};
use zarrs::array::codec::{Crc32cCodec, ZstdCodec};
use zarrs::array::{
    Array, ArrayBuilder, ArrayBytes, ArrayMetadataOptions, CodecOptions, DataType, FillValue,
    IntoArrayBytes, data_type,
};
use zarrs::filesystem::FilesystemStore;
use zarrs::group::GroupBuilder;

use super::attributes::{fill_to_json, to_json};
use crate::error::{Error, Result, SourceError};
use crate::labelled::attribute::Attribute;
use crate::labelled::coordinate::Coordinate;
use crate::labelled::element::{ElementType, StoredElement};
use crate::labelled::memory::DataArray;
use crate::labelled::stored::refusal;
use crate::labelled::time::{self, Encoded};
use crate::labelled::values::Values;
use crate::labelled::written::{
    Replaceable, TIME, Written, check_attributes, check_names, chunk_shape, coordinates, listed,
};

/// Compression that is worth its time for counts of detectors.
const ZSTD: i32 = 3;

/// A store, which has the metadata of a group or an array of either format.
const STORE: Replaceable = Replaceable::Folder { known_by: &["zarr.json", ".zgroup", ".zarray"] };

/// The attribute with the number that means that there is no value.
const FILL_VALUE: &str = "_FillValue";

type Store = Arc<FilesystemStore>;

/// Writes an array into a new folder beside `path`, and puts that in its place.
pub(super) fn write<A: StoredElement, D: Dimension>(
    array: &DataArray<A, D>,
    path: &Path,
) -> Result<()> {
    let name = array.name().unwrap_or("data");
    let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
    let new = Written::beside(path, STORE).map_err(failed("create"))?;
    write_store(array, name, new.path())
        .map_err(|error| refusal(path, name, format!("it can't be written: {error}")))?;
    new.put_in_place().map_err(failed("create"))
}

fn write_store<A: StoredElement, D: Dimension>(
    array: &DataArray<A, D>,
    name: &str,
    path: &Path,
) -> Result<(), SourceError> {
    check_names(array, name)?;
    check_attributes(array)?;
    if let Some(name) = array.coords().keys().map(String::as_str).chain([name]).find(is_reserved) {
        let told = "begins with \"__\", which Zarr keeps for itself: give it another name";
        return Err(format!("the name {name:?} of its array or coordinate {told}").into());
    }
    let store: Store = Arc::new(FilesystemStore::new(path)?);
    GroupBuilder::new().build(store.clone(), "/")?.store_metadata()?;
    for (name, coordinate) in coordinates(array, name)? {
        write_coordinate(&store, name, coordinate)?;
    }
    let mut attributes = to_json(array.attrs());
    let listed = listed(array)?;
    if !listed.is_empty() {
        attributes.insert("coordinates".to_owned(), listed.into());
    }
    let view = array.view().into_dyn();
    write_numbers(&store, name, array.dims(), view, attributes)
}

/// Whether a name is one that the format keeps for itself.
fn is_reserved(name: &&str) -> bool {
    name.starts_with("__")
}

/// Writes an array of numbers, chunk by chunk.
fn write_numbers<A: StoredElement>(
    store: &Store,
    name: &str,
    dims: &[String],
    view: ArrayView<'_, A, IxDyn>,
    mut attributes: Map<String, Value>,
) -> Result<(), SourceError> {
    if let Some(fill) = attributes.get_mut(FILL_VALUE) {
        *fill = fill_to_json::<A>(fill).ok_or_else(|| {
            format!(
                "the attribute {FILL_VALUE:?} of {name:?} is {fill}, which is no value of elements \
                 {}: give it one, or another name",
                A::TYPE
            )
        })?;
    }
    let chunk = chunk_shape(view.shape(), size_of::<A>());
    let (element, fill, missing) = element_type::<A>();
    let array = create(store, name, dims, view.shape(), &chunk, element, fill, attributes)?;
    let options = CodecOptions::default().with_concurrent_target(1);
    if view.is_empty() {
        return Ok(());
    }
    let grid: Vec<usize> =
        view.shape().iter().zip(&chunk).map(|(len, chunk)| len.div_ceil(*chunk)).collect();
    for place in ndarray::indices(grid) {
        let place = place.slice();
        let part = view.slice_each_axis(|axis| {
            let (at, len) = (axis.axis.index(), axis.len);
            Slice::from(place[at] * chunk[at]..((place[at] + 1) * chunk[at]).min(len))
        });
        // Chunks at the end are stored whole.
        let mut whole = ArrayD::from_elem(IxDyn(&chunk), missing);
        whole
            .slice_each_axis_mut(|axis| Slice::from(0..part.shape()[axis.axis.index()]))
            .assign(&part);
        let bytes: &[u8] = bytemuck::cast_slice(whole.as_slice().unwrap_or_default());
        let place: Vec<u64> = place.iter().map(|&number| number as u64).collect();
        array.store_chunk_opt(&place, ArrayBytes::new_flen(bytes), &options)?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "it is what an array is made of")]
fn create(
    store: &Store,
    name: &str,
    dims: &[String],
    shape: &[usize],
    chunk: &[usize],
    element: DataType,
    fill: FillValue,
    attributes: Map<String, Value>,
) -> Result<Array<FilesystemStore>, SourceError> {
    let wide = |numbers: &[usize]| numbers.iter().map(|&number| number as u64).collect::<Vec<_>>();
    let mut builder = ArrayBuilder::new(wide(shape), wide(chunk), element, fill);
    builder
        .dimension_names(Some(dims.iter().map(String::as_str)))
        .attributes(attributes)
        .bytes_to_bytes_codecs(vec![
            Arc::new(ZstdCodec::new(ZSTD, false)),
            Arc::new(Crc32cCodec::new()),
        ]);
    let array = builder.build(store.clone(), &format!("/{name}"))?;
    let options = ArrayMetadataOptions::default().with_include_zarrs_metadata(false);
    array.store_metadata_opt(&options)?;
    Ok(array)
}

fn write_coordinate(store: &Store, name: &str, coordinate: &Coordinate) -> Result<(), SourceError> {
    let attributes = to_json(coordinate.attrs());
    match coordinate.values() {
        Values::Float(values) => write_values(store, name, coordinate, values, attributes),
        Values::Integer(values) => write_values(store, name, coordinate, values, attributes),
        Values::Unsigned(values) => write_values(store, name, coordinate, values, attributes),
        Values::Time(times) => {
            let mut attributes = attributes;
            let values: Vec<i64> = times.iter().map(|time| time.nanoseconds()).collect();
            attributes.extend(TIME.map(|(name, value)| (name.to_owned(), value.into())));
            attributes.insert(FILL_VALUE.to_owned(), i64::MIN.into());
            write_values(store, name, coordinate, &values, attributes)
        }
        Values::CalendarTime(times) => {
            let mut attributes = attributes;
            let text = |name: &str| coordinate.attrs().get(name).and_then(Attribute::as_text);
            let Encoded { units, calendar, numbers } =
                time::encode(times, text("units"), text("calendar"))
                    .map_err(|reason| format!("its coordinate {name:?}: {reason}"))?;
            attributes.insert("units".to_owned(), units.into());
            attributes.insert("calendar".to_owned(), calendar.into());
            match numbers {
                time::TimeNumbers::Whole(numbers) => {
                    if numbers.contains(&i64::MIN) {
                        attributes.insert(FILL_VALUE.to_owned(), i64::MIN.into());
                    }
                    write_values(store, name, coordinate, &numbers, attributes)
                }
                time::TimeNumbers::Fractions(numbers) => {
                    write_values(store, name, coordinate, &numbers, attributes)
                }
            }
        }
        Values::Text(texts) => {
            let element = (data_type::string(), FillValue::from(""));
            write_whole(store, name, coordinate, element, attributes, &texts[..])
        }
        Values::Bool(values) => {
            let element = (data_type::bool(), FillValue::from(false));
            write_whole(store, name, coordinate, element, attributes, &values[..])
        }
    }
}

/// Writes a coordinate of numbers.
fn write_values<A: StoredElement>(
    store: &Store,
    name: &str,
    coordinate: &Coordinate,
    values: &[A],
    attributes: Map<String, Value>,
) -> Result<(), SourceError> {
    let view = ArrayView::from_shape(coordinate.shape(), values)?;
    write_numbers(store, name, coordinate.dims(), view, attributes)
}

/// Writes a coordinate of other values as one chunk.
fn write_whole<'a, T>(
    store: &Store,
    name: &str,
    coordinate: &Coordinate,
    (element, fill): (DataType, FillValue),
    attributes: Map<String, Value>,
    values: &'a [T],
) -> Result<(), SourceError>
where
    &'a [T]: IntoArrayBytes<'a>,
{
    if attributes.contains_key(FILL_VALUE) {
        let told = "which texts and truth values can't have in such a file: give it another name";
        return Err(
            format!("its coordinate {name:?} has an attribute {FILL_VALUE:?}, {told}").into()
        );
    }
    let (dims, shape) = (coordinate.dims(), coordinate.shape());
    let chunk: Vec<usize> = shape.iter().map(|&len| len.max(1)).collect();
    let array = create(store, name, dims, shape, &chunk, element, fill, attributes)?;
    if !values.is_empty() {
        let options = CodecOptions::default().with_concurrent_target(1);
        array.store_chunk_opt(&vec![0; shape.len()], values, &options)?;
    }
    Ok(())
}

/// What the store calls the elements, and the value of those that are not stored: as with xarray
/// NaN for floats, 0 for others.
fn element_type<A: StoredElement>() -> (DataType, FillValue, A) {
    let (data_type, fill): (DataType, FillValue) = match A::TYPE {
        ElementType::U8 => (data_type::uint8(), 0_u8.into()),
        ElementType::U16 => (data_type::uint16(), 0_u16.into()),
        ElementType::U32 => (data_type::uint32(), 0_u32.into()),
        ElementType::U64 => (data_type::uint64(), 0_u64.into()),
        ElementType::I8 => (data_type::int8(), 0_i8.into()),
        ElementType::I16 => (data_type::int16(), 0_i16.into()),
        ElementType::I32 => (data_type::int32(), 0_i32.into()),
        ElementType::I64 => (data_type::int64(), 0_i64.into()),
        ElementType::F16 => (data_type::float16(), half::f16::NAN.into()),
        ElementType::F32 => (data_type::float32(), f32::NAN.into()),
        ElementType::F64 => (data_type::float64(), f64::NAN.into()),
        ElementType::Bool => (data_type::bool(), false.into()),
    };
    (data_type, fill, A::from_f64(f64::NAN).unwrap_or_else(A::zeroed))
}
