//! Writing NetCDF-4.

use std::path::Path;

use ndarray::{ArrayView, Dimension};
use netcdf::{AttributeValue, FileMut, NcTypeDescriptor, VariableMut};

use super::attributes::{fill_of, to_library};
use super::names::check_kept;
use super::quiet::keep_quiet;
use crate::error::{Error, Result, SourceError};
use crate::files::StandardPlaces;
use crate::labelled::attribute::{Attribute, BOOL};
use crate::labelled::coordinate::Coordinate;
use crate::labelled::element::{ElementType, StoredElement};
use crate::labelled::memory::DataArray;
use crate::labelled::stored::refusal;
use crate::labelled::time::{self, Encoded};
use crate::labelled::values::Values;
use crate::labelled::written::{
    Replaceable, TIME, Written, as_written, check_attributes, check_name, check_names, chunk_shape,
    coordinates, listed,
};

/// Compression that is worth its time for counts of detectors.
const DEFLATE: i32 = 4;

/// Writes an array into a new file beside `path`, and puts that in its place.
pub(super) fn write<A: StoredElement, D: Dimension>(
    array: &DataArray<A, D>,
    path: &Path,
) -> Result<()> {
    let name = array.name().unwrap_or("data");
    let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
    let new = Written::beside(path, Replaceable::File).map_err(failed("create"))?;
    // A process that was forked meanwhile would keep the file locked after it is closed here.
    hdf5_metno::sync::sync(|| write_file(array, name, new.path()))
        .map_err(|error| refusal(path, name, format!("it can't be written: {error}")))?;
    new.put_in_place().map_err(failed("create"))
}

fn write_file<A: StoredElement, D: Dimension>(
    array: &DataArray<A, D>,
    name: &str,
    path: &Path,
) -> Result<(), SourceError> {
    check_names(array, name)?;
    check_attributes(array)?;
    check_kept("array", name)?;
    array.coords().keys().try_for_each(|name| check_kept("coordinate", name))?;
    for dim in array.dims() {
        check_name("dimension", dim, &['/', '\0'])?;
        check_kept("dimension", dim)?;
    }
    let coordinates_attrs =
        array.coords().values().map(|coordinate| ("coordinate's attribute", coordinate.attrs()));
    for (what, attrs) in coordinates_attrs.chain([("attribute", array.attrs())]) {
        for name in attrs.keys() {
            check_name(what, name, &['\0'])?;
            check_kept(what, name)?;
        }
        for (name, attribute) in attrs {
            if attribute.as_text().is_some_and(|text| text.contains('\0')) {
                let told = "has a '\\0', at which a text ends in such a file: leave that out";
                return Err(format!("its {what} {name:?} {told}").into());
            }
        }
    }
    keep_quiet();
    // What the program prints must not go into it.
    let places = StandardPlaces::hold();
    let mut file = netcdf::create(path).map_err(text_of)?;
    drop(places);
    let view = array.view();
    for (dim, &len) in array.dims().iter().zip(view.shape()) {
        // In this format a dimension without length is one that can grow.
        match len {
            0 => file.add_unlimited_dimension(dim),
            _ => file.add_dimension(dim, len),
        }
        .map_err(|error| refused("dimension", dim, error))?;
    }
    for (name, coordinate) in coordinates(array, name)? {
        write_coordinate(&mut file, name, coordinate)?;
    }
    let dims: Vec<&str> = array.dims().iter().map(String::as_str).collect();
    match A::TYPE {
        ElementType::U8 => put::<u8, A, D>(&mut file, name, &dims, array, view),
        ElementType::U16 => put::<u16, A, D>(&mut file, name, &dims, array, view),
        ElementType::U32 => put::<u32, A, D>(&mut file, name, &dims, array, view),
        ElementType::U64 => put::<u64, A, D>(&mut file, name, &dims, array, view),
        ElementType::I8 => put::<i8, A, D>(&mut file, name, &dims, array, view),
        ElementType::I16 => put::<i16, A, D>(&mut file, name, &dims, array, view),
        ElementType::I32 => put::<i32, A, D>(&mut file, name, &dims, array, view),
        ElementType::I64 => put::<i64, A, D>(&mut file, name, &dims, array, view),
        ElementType::F32 => put::<f32, A, D>(&mut file, name, &dims, array, view),
        ElementType::F64 => put::<f64, A, D>(&mut file, name, &dims, array, view),
        // Booleans are bytes with an attribute that xarray knows.
        ElementType::Bool => put::<i8, A, D>(&mut file, name, &dims, array, view),
        ElementType::F16 => Err("NetCDF has no half-precision numbers: convert them to f32".into()),
    }?;
    file.close().map_err(text_of)
}

/// Writes the elements, whose type `T` is what the library calls `A`.
fn put<T: NcTypeDescriptor + bytemuck::Pod, A: StoredElement, D: Dimension>(
    file: &mut FileMut,
    name: &str,
    dims: &[&str],
    array: &DataArray<A, D>,
    view: ArrayView<'_, A, D>,
) -> Result<(), SourceError> {
    let chunk = chunk_shape(view.shape(), size_of::<A>());
    let mut variable = compressed::<T>(file, name, dims)?;
    if !dims.is_empty() {
        variable.set_chunking(&chunk).map_err(text_of)?;
    }
    for (name, value) in array.attrs() {
        let value = match fill_of::<A>(name, value) {
            Some(value) => value,
            None => to_library(&as_written(name, value)),
        };
        put_attribute(&mut variable, name, value)?;
    }
    if A::TYPE == ElementType::Bool {
        variable.put_attribute(BOOL.0, BOOL.1).map_err(text_of)?;
    }
    let listed = listed(array)?;
    if !listed.is_empty() {
        variable.put_attribute("coordinates", listed).map_err(text_of)?;
    }
    // What lies in order in memory is written from there.
    let elements = view.as_standard_layout();
    let elements: &[T] = bytemuck::cast_slice(elements.as_slice().unwrap_or_default());
    put_values(&mut variable, elements)
}

/// Writes all values; where there are none, the library would write what is no value.
fn put_values<T: NcTypeDescriptor>(
    variable: &mut VariableMut<'_>,
    values: &[T],
) -> Result<(), SourceError> {
    if values.is_empty() {
        return Ok(());
    }
    variable.put_values(values, ..).map_err(text_of)
}

fn write_coordinate(
    file: &mut FileMut,
    name: &str,
    coordinate: &Coordinate,
) -> Result<(), SourceError> {
    match coordinate.values() {
        Values::Float(values) => put_numbers(file, name, coordinate, values, &[]),
        Values::Integer(values) => put_numbers(file, name, coordinate, values, &[]),
        Values::Unsigned(values) => put_numbers(file, name, coordinate, values, &[]),
        Values::Time(times) => {
            let numbers: Vec<i64> = times.iter().map(|time| time.nanoseconds()).collect();
            let fill = ("_FillValue", AttributeValue::Longlong(i64::MIN));
            let time = TIME.map(|(name, value)| (name, AttributeValue::from(value)));
            let time: Vec<_> = time.into_iter().chain([fill]).collect();
            put_numbers(file, name, coordinate, &numbers, &time)
        }
        Values::CalendarTime(times) => {
            let attribute = |name: &str| coordinate.attrs().get(name).and_then(Attribute::as_text);
            let Encoded { units, calendar, numbers } =
                time::encode(times, attribute("units"), attribute("calendar"))
                    .map_err(|reason| format!("its coordinate {name:?}: {reason}"))?;
            let mut time = vec![("units", units.into()), ("calendar", calendar.into())];
            match numbers {
                time::TimeNumbers::Whole(numbers) => {
                    if numbers.contains(&i64::MIN) {
                        time.push(("_FillValue", AttributeValue::Longlong(i64::MIN)));
                    }
                    put_numbers(file, name, coordinate, &numbers, &time)
                }
                time::TimeNumbers::Fractions(numbers) => {
                    put_numbers(file, name, coordinate, &numbers, &time)
                }
            }
        }
        // This is how xarray writes truth values, which the format does not have.
        Values::Bool(values) => {
            let numbers: Vec<i8> = values.iter().map(|&value| i8::from(value)).collect();
            put_numbers(file, name, coordinate, &numbers, &[(BOOL.0, BOOL.1.into())])
        }
        Values::Text(texts) => {
            let mut variable = file
                .add_string_variable(name, &dims(coordinate))
                .map_err(|error| refused("coordinate", name, error))?;
            put_attributes(&mut variable, coordinate.attrs())?;
            for (index, value) in ndarray::indices(coordinate.shape()).into_iter().zip(texts) {
                let put = variable.put_string(value, index.slice());
                put.map_err(|error| format!("its coordinate {name:?}, {value:?}: {error}"))?;
            }
            Ok(())
        }
    }
}

/// Writes a coordinate of numbers, with attributes beside its own.
fn put_numbers<T: NcTypeDescriptor>(
    file: &mut FileMut,
    name: &str,
    coordinate: &Coordinate,
    numbers: &[T],
    attributes: &[(&str, AttributeValue)],
) -> Result<(), SourceError> {
    let mut variable = compressed::<T>(file, name, &dims(coordinate))?;
    put_attributes(&mut variable, coordinate.attrs())?;
    // Before the values, as the library wants it.
    for (name, value) in attributes {
        variable.put_attribute(name, value.clone()).map_err(text_of)?;
    }
    put_values(&mut variable, numbers)
}

fn dims(coordinate: &Coordinate) -> Vec<&str> {
    coordinate.dims().iter().map(String::as_str).collect()
}

/// Compression has a checksum, which is why small variables are compressed too.
fn compressed<'f, T: NcTypeDescriptor>(
    file: &'f mut FileMut,
    name: &str,
    dims: &[&str],
) -> Result<VariableMut<'f>, SourceError> {
    let mut variable = file
        .add_variable::<T>(name, dims)
        .map_err(|error| refused("array or coordinate", name, error))?;
    if !dims.is_empty() {
        variable.set_compression(DEFLATE, true).map_err(text_of)?;
    }
    Ok(variable)
}

fn put_attributes<'a>(
    variable: &mut VariableMut<'_>,
    attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
) -> Result<(), SourceError> {
    for (name, value) in attributes {
        put_attribute(variable, name, to_library(&as_written(name, value)))?;
    }
    Ok(())
}

fn put_attribute(
    variable: &mut VariableMut<'_>,
    name: &str,
    value: AttributeValue,
) -> Result<(), SourceError> {
    match variable.put_attribute(name, value) {
        Ok(_) => Ok(()),
        // What is written again replaces the older, so that no other can be there.
        Err(netcdf::Error::AlreadyExists) => {
            let told = "has a name that the netCDF library keeps for itself: give it another";
            Err(format!("its attribute {name:?} {told}").into())
        }
        Err(error) => Err(format!("its attribute {name:?}: {error}").into()),
    }
}

/// The library has refused something of this name, perhaps because of that.
fn refused(what: &str, name: &str, error: netcdf::Error) -> SourceError {
    format!("the {what} {name:?} is refused by the library, perhaps for its name: {error}").into()
}

fn text_of(error: netcdf::Error) -> SourceError {
    error.to_string().into()
}
