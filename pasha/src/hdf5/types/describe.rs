//! Describing a type of libhdf5.

use hdf5_metno::sync::sync;
use hdf5_metno::{Dataset, Datatype};
use hdf5_metno_sys::h5t;
use hdf5_metno_sys::h5t::H5T_class_t;

use super::{Nature, StoredType, compound, numbers, refused};
use crate::hdf5::number::Number;
use crate::hdf5::region::MAX_RANK;

/// Describes the type of elements.
pub(super) fn element(datatype: &Datatype) -> Result<StoredType, String> {
    sync(|| match class(datatype) {
        H5T_class_t::H5T_INTEGER => numbers::integer(datatype),
        H5T_class_t::H5T_FLOAT => numbers::float(datatype),
        H5T_class_t::H5T_BITFIELD => numbers::bit_field(datatype),
        H5T_class_t::H5T_ENUM => numbers::enumeration(datatype),
        H5T_class_t::H5T_COMPOUND => compound::element(datatype),
        H5T_class_t::H5T_ARRAY => array(datatype),
        _ => Err(refused::explain(datatype)),
    })
}

pub(super) fn class(datatype: &Datatype) -> H5T_class_t {
    // SAFETY: the handle is that of a type, and the lock is held.
    unsafe { h5t::H5Tget_class(datatype.id()) }
}

/// The type that an array or an enumeration is made of.
pub(super) fn base(datatype: &Datatype) -> Result<Datatype, String> {
    // SAFETY: the handle is that of a type that is made of another, and the lock is held; the new
    // handle is owned by nobody else.
    let base = unsafe { hdf5_metno::from_id::<Datatype>(h5t::H5Tget_super(datatype.id())) };
    base.map_err(|error| format!("it holds elements of a type that can't be read ({error})"))
}

/// The elements of an array, which have axes of their own.
fn array(datatype: &Datatype) -> Result<StoredType, String> {
    let of_elements = element(&base(datatype)?)?;
    // SAFETY: the handle is that of an array, and the lock is held.
    let rank = unsafe { h5t::H5Tget_array_ndims(datatype.id()) };
    let rank = usize::try_from(rank).ok().filter(|rank| (1..=MAX_RANK).contains(rank));
    let rank = rank.ok_or("it holds arrays without axes: the file is damaged")?;
    let mut lengths = vec![0; rank];
    // SAFETY: as above, and there is room for all lengths.
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
            compound::fields(members)
        }
        _ => stored.number.name().to_owned(),
    };
    Ok((name, stored.array))
}
