//! What libhdf5 says of a type: its class, and what it is made of.

use hdf5_metno::Datatype;
use hdf5_metno_sys::h5t;
use hdf5_metno_sys::h5t::H5T_class_t;

/// The class of a type.
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
