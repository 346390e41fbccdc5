//! Compounds: members with names, each at its place in the element.

use std::ffi::{CStr, CString, c_char, c_uint};

use hdf5_metno::Datatype;
use hdf5_metno_sys::h5t::H5T_class_t;
use hdf5_metno_sys::{h5, h5t};

use super::datatype;
use super::stored_type::{CompoundMember, Nature, StoredType};
use crate::hdf5::number::Number;

/// Describes the type of elements, whatever it is.
type DescribeType = fn(&Datatype) -> Result<StoredType, String>;

/// So many compounds may be in one another.
const DEEPEST_COMPOUND: usize = 8;

/// Describes a compound, whose members `describe` describes; one of a real and an imaginary part is
/// a complex number.
pub(super) fn element(datatype: &Datatype, describe: DescribeType) -> Result<StoredType, String> {
    let size = datatype.size();
    let mut members = Vec::new();
    collect(datatype, describe, DEEPEST_COMPOUND, &mut members)?;
    let ends = |member: &CompoundMember| match &member.stored {
        Ok(stored) => member.offset.checked_add(stored.element_size()),
        Err(_) => Some(member.offset),
    };
    if size == 0 || members.iter().any(|member| ends(member).is_none_or(|end| end > size)) {
        return Err(format!(
            "it holds records of {size} bytes with members beyond them: the file is damaged"
        ));
    }
    let complex = complex_number(&members, size);
    let stored = complex.unwrap_or(StoredType::plain(Number::Compound(size), false));
    // Places are those in memory: what is of varying length is longer in the file.
    let is_plain = members.iter().all(|member| member.is_fixed);
    Ok(StoredType { is_plain, nature: Nature::Compound(members), ..stored })
}

/// The complex number that two members are.
fn complex_number(members: &[CompoundMember], size: usize) -> Option<StoredType> {
    let [real, imaginary] = members else { return None };
    let (of_real, of_imaginary) = (real.stored.as_ref().ok()?, imaginary.stored.as_ref().ok()?);
    let names = [real.name.as_str(), imaginary.name.as_str()];
    let is_complex = [["r", "i"], ["re", "im"], ["real", "imag"]].contains(&names)
        && of_real.number == of_imaginary.number
        && of_real.is_swapped == of_imaginary.is_swapped
        && of_real.array.is_empty()
        && of_imaginary.array.is_empty()
        && real.offset == 0
        && imaginary.offset == of_real.number.size()
        && size == 2 * of_real.number.size();
    let number = match of_real.number {
        Number::F32 => Number::ComplexF32,
        Number::F64 => Number::ComplexF64,
        _ => return None,
    };
    is_complex.then(|| StoredType::plain(number, of_real.is_swapped))
}

/// Collects the members of a compound, and of those in it.
fn collect(
    datatype: &Datatype,
    describe: DescribeType,
    depth: usize,
    members: &mut Vec<CompoundMember>,
) -> Result<(), String> {
    let damaged = || "it holds records whose members can't be read: the file is damaged".to_owned();
    // SAFETY: the handle is that of a compound, and the lock is held.
    let count = unsafe { h5t::H5Tget_nmembers(datatype.id()) };
    for index in 0..c_uint::try_from(count).map_err(|_| damaged())? {
        let (name, offset, of_member) = member(datatype, index).ok_or_else(damaged)?;
        if datatype::class(&of_member) == H5T_class_t::H5T_COMPOUND && depth > 0 {
            let mut inner = Vec::new();
            collect(&of_member, describe, depth - 1, &mut inner)?;
            if let Some(complex) = complex_number(&inner, of_member.size()) {
                members.push(CompoundMember { name, offset, is_fixed: true, stored: Ok(complex) });
                continue;
            }
            for member in inner {
                let offset = offset.checked_add(member.offset).ok_or_else(damaged)?;
                let name = format!("{name}.{}", member.name);
                members.push(CompoundMember { name, offset, ..member });
            }
            continue;
        }
        let stored = match datatype::class(&of_member) {
            H5T_class_t::H5T_COMPOUND => {
                Err("it holds too many compounds in one another".to_owned())
            }
            _ => describe(&of_member),
        };
        let stored = stored.and_then(|stored| match stored.is_plain {
            true if !matches!(stored.number, Number::Compound(_)) => Ok(stored),
            _ => Err(format!("it holds {stored} of a form that only libhdf5 converts")),
        });
        let is_fixed = stored.is_ok() || is_fixed(&of_member);
        members.push(CompoundMember { name, offset, is_fixed, stored });
    }
    Ok(())
}

/// Whether elements that can't be read have the same bytes in the file and in memory.
fn is_fixed(datatype: &Datatype) -> bool {
    match datatype::class(datatype) {
        H5T_class_t::H5T_OPAQUE
        | H5T_class_t::H5T_INTEGER
        | H5T_class_t::H5T_FLOAT
        | H5T_class_t::H5T_BITFIELD
        | H5T_class_t::H5T_ENUM => true,
        H5T_class_t::H5T_STRING => {
            // SAFETY: the handle is that of text, and the lock is held.
            let is_variable = unsafe { h5t::H5Tis_variable_str(datatype.id()) };
            is_variable == 0
        }
        H5T_class_t::H5T_ARRAY => datatype::base(datatype).is_ok_and(|base| is_fixed(&base)),
        _ => false,
    }
}

/// The name, the place and the type of a member.
fn member(datatype: &Datatype, index: c_uint) -> Option<(String, usize, Datatype)> {
    // SAFETY: the handle is that of a compound with such a member, and the lock is held. The name
    // is text of C that the library allocates and takes back, and the new handle is owned by nobody
    // else.
    unsafe {
        let name: *mut c_char = h5t::H5Tget_member_name(datatype.id(), index);
        if name.is_null() {
            return None;
        }
        let text = CStr::from_ptr(name).to_string_lossy().into_owned();
        h5::H5free_memory(name.cast());
        let offset = h5t::H5Tget_member_offset(datatype.id(), index);
        let of_member = hdf5_metno::from_id(h5t::H5Tget_member_type(datatype.id(), index)).ok()?;
        Some((text, offset, of_member))
    }
}

/// The type in memory: with the members alone whose bytes are read as they are, each at its place
/// in the file. Others would be pointers in memory.
pub(super) fn readable(
    datatype: &Datatype,
    members: &[CompoundMember],
) -> hdf5_metno::Result<Datatype> {
    hdf5_metno::sync::sync(|| {
        // SAFETY: the lock is held, and the new handle is owned by nobody else.
        let chosen: Datatype = unsafe {
            let id = h5t::H5Tcreate(H5T_class_t::H5T_COMPOUND, datatype.size());
            hdf5_metno::from_id(id)?
        };
        // SAFETY: the handle is that of a compound, and the lock is held.
        let count = unsafe { h5t::H5Tget_nmembers(datatype.id()) };
        for index in 0..count.unsigned_abs() {
            let Some((name, offset, of_member)) = member(datatype, index) else { continue };
            let is_below = |member: &&CompoundMember| {
                let below = member.name.strip_prefix(&name);
                below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
            };
            if members.iter().filter(is_below).any(|member| member.stored.is_err()) {
                continue;
            }
            let name = CString::new(name).map_err(|_| "a member's name holds a zero")?;
            // SAFETY: the handles are those of a compound that can be changed and of a type, the
            // lock is held, and the name is text of C. What does not fit is refused by the library.
            hdf5_metno::h5check(unsafe {
                h5t::H5Tinsert(chosen.id(), name.as_ptr(), offset, of_member.id())
            })?;
        }
        Ok(chosen)
    })
}
