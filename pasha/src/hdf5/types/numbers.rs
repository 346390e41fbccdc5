//! Numbers: integers, floats, bits, and numbers with names.

use std::ffi::{CStr, c_char, c_uint};

use hdf5_metno::Datatype;
use hdf5_metno_sys::h5t::{H5T_order_t, H5T_sign_t};
use hdf5_metno_sys::{h5, h5t};

use super::datatype;
use super::native::{copy_of, native, native_bits};
use super::stored_type::{Nature, StoredType};
use crate::hdf5::number::Number;

/// The most names of an enumeration that are told.
const MOST_NAMES: usize = 12;

pub(super) fn integer(datatype: &Datatype) -> Result<StoredType, String> {
    // SAFETY: the handle is that of a type, and the lock is held.
    let is_signed = unsafe { h5t::H5Tget_sign(datatype.id()) } != H5T_sign_t::H5T_SGN_NONE;
    let size = datatype.size();
    if let Some(number) = Number::integer(size, is_signed)
        && let Some(is_swapped) = native(number).and_then(|native| byte_order(datatype, &native))
    {
        return Ok(StoredType::plain(number, is_swapped));
    }
    // Of fewer bits than bytes, or of 3 bytes: libhdf5 converts it to one that holds all values.
    check_bits(datatype, &[])?;
    let strange = StoredType::converted(if is_signed { Number::I64 } else { Number::U64 });
    (size <= 8).then_some(strange).ok_or_else(|| {
        format!("it holds integers of {size} bytes; pasha reads those of up to 8: write them so")
    })
}

pub(super) fn float(datatype: &Datatype) -> Result<StoredType, String> {
    for number in [Number::F16, Number::F32, Number::F64] {
        if let Some(is_swapped) = native(number).and_then(|native| byte_order(datatype, &native)) {
            return Ok(StoredType::plain(number, is_swapped));
        }
    }
    let (mut sign, mut exponent, mut exponent_bits, mut mantissa, mut mantissa_bits) =
        (0, 0, 0, 0, 0);
    // SAFETY: the handle is that of a float, and the lock is held.
    let got = unsafe {
        h5t::H5Tget_fields(
            datatype.id(),
            &raw mut sign,
            &raw mut exponent,
            &raw mut exponent_bits,
            &raw mut mantissa,
            &raw mut mantissa_bits,
        )
    };
    if got < 0 {
        return Err("it holds floats of a type that can't be read: the file is damaged".to_owned());
    }
    check_bits(datatype, &[(sign, 1), (exponent, exponent_bits), (mantissa, mantissa_bits)])?;
    let size = datatype.size();
    let strange = StoredType::converted(if size <= 2 { Number::F32 } else { Number::F64 });
    (size <= 16).then_some(strange).ok_or_else(|| {
        format!("it holds floats of {size} bytes; pasha reads those of up to 16: write them as f64")
    })
}

/// Checks that the bits of a number, and the fields among them, lie within its bytes: libhdf5 1.10
/// would read beyond them in a damaged file.
fn check_bits(datatype: &Datatype, fields: &[(usize, usize)]) -> Result<(), String> {
    // SAFETY: the handle is that of a number, and the lock is held.
    let (start, len) =
        unsafe { (h5t::H5Tget_offset(datatype.id()), h5t::H5Tget_precision(datatype.id())) };
    let bits = 8 * datatype.size();
    let whole = usize::try_from(start).map(|start| (start, len));
    let ends_within = |&(start, len): &(usize, usize)| {
        len > 0 && start.checked_add(len).is_some_and(|end| end <= bits)
    };
    let is_sound = whole.is_ok_and(|whole| ends_within(&whole)) && fields.iter().all(ends_within);
    is_sound.then_some(()).ok_or_else(|| {
        format!("it holds numbers of {len} bits from bit {start} of {bits}: the file is damaged")
    })
}

/// Bits are read as the unsigned integer of as many bytes.
pub(super) fn bit_field(datatype: &Datatype) -> Result<StoredType, String> {
    let size = datatype.size();
    let number = Number::integer(size, false).ok_or_else(|| {
        format!(
            "it holds bit fields of {size} bytes; pasha reads those of 1, 2, 4 and 8: write them so"
        )
    })?;
    let native = native_bits(number).map_err(|error| error.to_string())?;
    let stored = match byte_order(datatype, &native) {
        Some(is_swapped) => StoredType::plain(number, is_swapped),
        None => {
            check_bits(datatype, &[])?;
            StoredType::converted(number)
        }
    };
    Ok(StoredType { nature: Nature::BitField, ..stored })
}

/// An enumeration is its numbers, and a bool if it is what h5py writes for one.
pub(super) fn enumeration(datatype: &Datatype) -> Result<StoredType, String> {
    let of_numbers = integer(&datatype::base(datatype)?)?;
    // libhdf5 converts no enumeration to an integer of another width: let it alone.
    if !of_numbers.is_plain {
        return Err(
            "it holds an enumeration of integers of an unusual form; write its numbers as integers"
                .to_owned(),
        );
    }
    // SAFETY: the handle is that of an enumeration, and the lock is held.
    let num_members = unsafe { h5t::H5Tget_nmembers(datatype.id()) }.unsigned_abs();
    let members = (0..num_members.min(MOST_NAMES as c_uint))
        .map(|index| member(datatype, index, &of_numbers));
    let members: Vec<(String, String)> = members.collect::<Option<_>>().unwrap_or_default();
    let mut sorted: Vec<(&str, &str)> =
        members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    sorted.sort_unstable();
    let is_bool = of_numbers.number.size() == 1 && sorted == [("FALSE", "0"), ("TRUE", "1")];
    let mut members = members.clone();
    members.sort_by_key(|(_, value)| value.parse::<i128>().unwrap_or_default());
    let mut names: Vec<String> =
        members.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if num_members as usize > names.len() {
        names.push("…".to_owned());
    }
    let number = if is_bool { Number::Bool } else { of_numbers.number };
    Ok(StoredType { number, nature: Nature::Enumeration(names.join(", ")), ..of_numbers })
}

/// The name and the value of a member of an enumeration of such numbers.
fn member(datatype: &Datatype, index: c_uint, numbers: &StoredType) -> Option<(String, String)> {
    let mut value = [0_u8; 8];
    // SAFETY: the handle is that of an enumeration of at most 8 bytes with such a member, and the
    // lock is held. The name is text of C that the library allocates and takes back.
    let name = unsafe {
        if h5t::H5Tget_member_value(datatype.id(), index, value.as_mut_ptr().cast()) < 0 {
            return None;
        }
        let name: *mut c_char = h5t::H5Tget_member_name(datatype.id(), index);
        if name.is_null() {
            return None;
        }
        let text = CStr::from_ptr(name).to_string_lossy().into_owned();
        h5::H5free_memory(name.cast());
        text
    };
    let bytes = &value[..numbers.number.size()];
    Some((name, numbers.number.integer_text(numbers.is_swapped, bytes)))
}

/// Whether a type is this one of the machine's in the other byte order; `None` if it is another
/// type.
fn byte_order(datatype: &Datatype, native: &Datatype) -> Option<bool> {
    if datatype == native {
        return Some(false);
    }
    let other = if cfg!(target_endian = "little") {
        H5T_order_t::H5T_ORDER_BE
    } else {
        H5T_order_t::H5T_ORDER_LE
    };
    let swapped = copy_of(native.id())?;
    // SAFETY: the handle is that of a type that can be changed, and the lock is held.
    let is_set = unsafe { h5t::H5Tset_order(swapped.id(), other) } >= 0;
    (is_set && *datatype == swapped).then_some(true)
}
