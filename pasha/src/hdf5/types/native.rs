//! The types of libhdf5 that elements have in the memory of this machine.

use hdf5_metno::{Dataset, Datatype, globals};
use hdf5_metno_sys::{h5i, h5t};

use super::compound;
use super::stored_type::{Nature, StoredType};
use crate::hdf5::number::Number;

impl StoredType {
    /// The type of libhdf5 that its bytes have in memory.
    pub(in crate::hdf5) fn memory_type(&self, dataset: &Dataset) -> hdf5_metno::Result<Datatype> {
        let datatype = dataset.dtype()?;
        match &self.nature {
            Nature::Compound(members) if !self.is_plain => compound::readable(&datatype, members),
            Nature::BitField if !self.is_plain => native_bits(self.number),
            _ if !self.is_plain => {
                native(self.number).ok_or_else(|| "there is no such type".into())
            }
            _ => Ok(datatype),
        }
    }
}

/// A copy of a type, which can be changed.
pub(super) fn copy_of(id: h5i::hid_t) -> Option<Datatype> {
    // SAFETY: the handle is that of a type, and the lock is held; the copy is owned by nobody else.
    unsafe { hdf5_metno::from_id(h5t::H5Tcopy(id)) }.ok()
}

/// The type of libhdf5 for a number of this machine.
pub(super) fn native(number: Number) -> Option<Datatype> {
    match number {
        Number::I8 => Datatype::from_type::<i8>(),
        Number::I16 => Datatype::from_type::<i16>(),
        Number::I32 => Datatype::from_type::<i32>(),
        Number::I64 => Datatype::from_type::<i64>(),
        Number::U8 | Number::Bool => Datatype::from_type::<u8>(),
        Number::U16 => Datatype::from_type::<u16>(),
        Number::U32 => Datatype::from_type::<u32>(),
        Number::U64 => Datatype::from_type::<u64>(),
        Number::F32 => Datatype::from_type::<f32>(),
        Number::F64 => Datatype::from_type::<f64>(),
        Number::F16 => return native_half(),
        // They are compounds, which are read as they lie in the file.
        Number::ComplexF32 | Number::ComplexF64 | Number::Compound(_) => return None,
    }
    .ok()
}

/// IEEE's float of 2 bytes, which libhdf5 has no name for before version 1.14.4.
fn native_half() -> Option<Datatype> {
    let half = copy_of(*globals::H5T_NATIVE_FLOAT)?;
    // SAFETY: the handle is that of a float that can be changed, and the lock is held. The fields
    // are first put where they are to be, and only then is the rest cut off.
    let is_set = unsafe {
        h5t::H5Tset_fields(half.id(), 15, 10, 5, 0, 10) >= 0
            && h5t::H5Tset_size(half.id(), 2) >= 0
            && h5t::H5Tset_ebias(half.id(), 15) >= 0
    };
    is_set.then_some(half)
}

/// The bits of as many bytes as an unsigned integer, in this machine's order.
pub(super) fn native_bits(number: Number) -> hdf5_metno::Result<Datatype> {
    let bits = match number.size() {
        1 => *globals::H5T_NATIVE_B8,
        2 => *globals::H5T_NATIVE_B16,
        4 => *globals::H5T_NATIVE_B32,
        _ => *globals::H5T_NATIVE_B64,
    };
    copy_of(bits).ok_or_else(|| "there is no type of bits".into())
}
