//! Describing a type of libhdf5.

use hdf5_metno::sync::sync;
use hdf5_metno::{Dataset, Datatype};
use hdf5_metno_sys::h5t;
use hdf5_metno_sys::h5t::H5T_class_t;

use super::datatype::{base, class};
use super::stored_type::{Nature, StoredType};
use super::text::fields;
use super::{compound, numbers, refused};
use crate::hdf5::number::Number;
use crate::hdf5::region::MAX_RANK;

impl StoredType {
    /// Describes the type of a data set.
    ///
    /// # Errors
    /// What it holds and what to do, as a sentence, if that can't be read.
    pub(in crate::hdf5) fn of(dataset: &Dataset) -> Result<StoredType, String> {
        let datatype = dataset
            .dtype()
            .map_err(|error| format!("it holds elements of a type that can't be read ({error})"))?;
        element(&datatype)
    }
}

/// Describes the type of elements.
fn element(datatype: &Datatype) -> Result<StoredType, String> {
    sync(|| match class(datatype) {
        H5T_class_t::H5T_INTEGER => numbers::integer(datatype),
        H5T_class_t::H5T_FLOAT => numbers::float(datatype),
        H5T_class_t::H5T_BITFIELD => numbers::bit_field(datatype),
        H5T_class_t::H5T_ENUM => numbers::enumeration(datatype),
        H5T_class_t::H5T_COMPOUND => compound::element(datatype, element),
        H5T_class_t::H5T_ARRAY => array(datatype),
        _ => Err(refused::explain(datatype, element)),
    })
}

/// The elements of an array, which have axes of their own.
fn array(datatype: &Datatype) -> Result<StoredType, String> {
    let of_elements = element(&base(datatype)?)?;
    // SAFETY: the handle is that of an array, and the lock is held.
    let rank = unsafe { h5t::H5Tget_array_ndims(datatype.id()) };
    let rank = usize::try_from(rank).ok().filter(|rank| (1..=MAX_RANK).contains(rank));
    let rank = rank.ok_or("it holds arrays without axes: the file is damaged")?;
    let mut lengths = vec![0; rank];
    // SAFETY: the handle is that of an array, the lock is held, and there is room for all lengths.
    unsafe { h5t::H5Tget_array_dims2(datatype.id(), lengths.as_mut_ptr()) };
    let mut lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
    lengths.extend(&of_elements.array);
    let size =
        lengths.iter().try_fold(of_elements.number.size(), |size, &len| size.checked_mul(len));
    if of_elements.is_plain && size == Some(datatype.size()) {
        return Ok(StoredType { array: lengths, ..of_elements });
    }
    Err(format!(
        "it holds arrays of {lengths:?} {of_elements} of a form that only libhdf5 converts: write them as numbers of whole bytes"
    ))
}

/// What the elements of a data set are as Rust names it, and the lengths of the axes that they
/// themselves have.
#[cfg_attr(not(feature = "xfel"), allow(dead_code, reason = "other sources build on it"))]
pub(crate) fn describe(dataset: &Dataset) -> Result<(String, Vec<usize>), String> {
    let stored = StoredType::of(dataset)?;
    let name = match &stored.nature {
        Nature::Compound(members)
            if !matches!(stored.number, Number::ComplexF32 | Number::ComplexF64) =>
        {
            fields(members)
        }
        _ => stored.number.name().to_owned(),
    };
    Ok((name, stored.array))
}
