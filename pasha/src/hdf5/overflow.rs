//! Floats that libhdf5 converts, and that are too large for it: told, and not read as infinite.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

use hdf5_metno::sync::sync;
use hdf5_metno::{PropertyList, globals, h5check};
use hdf5_metno_sys::h5i::hid_t;
use hdf5_metno_sys::h5t::{H5T_conv_except_t, H5T_conv_ret_t, H5T_order_t};
use hdf5_metno_sys::{h5p, h5t};

/// Whether a value was too large in the transfer that is going on, under the library's lock.
static IS_TOO_LARGE: AtomicBool = AtomicBool::new(false);

/// Properties of a transfer that ends at a finite value which would become infinite.
pub(super) fn refusing() -> hdf5_metno::Result<PropertyList> {
    sync(|| {
        // SAFETY: the lock is held, and the new handle is owned by nobody else.
        let properties: PropertyList =
            unsafe { hdf5_metno::from_id(h5p::H5Pcreate(*globals::H5P_DATASET_XFER))? };
        // SAFETY: the handle is that of such properties, and the lock is held. The function is one
        // of this program, and takes what the library hands it.
        h5check(unsafe {
            h5p::H5Pset_type_conv_cb(properties.id(), Some(refuse), std::ptr::null_mut())
        })?;
        Ok(properties)
    })
}

/// Does a transfer under the library's lock, and says so if it failed at a value that was too
/// large.
pub(super) fn checked_transfer(
    transfer: impl FnOnce() -> hdf5_metno::Result<()>,
) -> hdf5_metno::Result<()> {
    IS_TOO_LARGE.store(false, Ordering::Relaxed);
    transfer().map_err(|error| match IS_TOO_LARGE.load(Ordering::Relaxed) {
        true => "a value is too large for f64, as which floats of this type are read".into(),
        false => error,
    })
}

extern "C" fn refuse(
    exception: H5T_conv_except_t,
    from_type: hid_t,
    _to_type: hid_t,
    from: *mut c_void,
    _to: *mut c_void,
    _data: *mut c_void,
) -> H5T_conv_ret_t {
    let is_range = matches!(
        exception,
        H5T_conv_except_t::H5T_CONV_EXCEPT_RANGE_HI | H5T_conv_except_t::H5T_CONV_EXCEPT_RANGE_LOW
    );
    if !is_range || is_infinite(from_type, from.cast()) {
        return H5T_conv_ret_t::H5T_CONV_UNHANDLED;
    }
    IS_TOO_LARGE.store(true, Ordering::Relaxed);
    H5T_conv_ret_t::H5T_CONV_ABORT
}

/// Whether a float of the machine's is infinite, which libhdf5 takes for too large where the
/// processor converts it: all bits of its exponent are set.
fn is_infinite(float: hid_t, value: *const u8) -> bool {
    let (mut sign, mut start, mut len, mut mantissa, mut mantissa_len) = (0, 0, 0, 0, 0);
    // SAFETY: the library says that this is the type of a float, and holds its lock meanwhile.
    let (size, is_known) = unsafe {
        let got = h5t::H5Tget_fields(
            float,
            &raw mut sign,
            &raw mut start,
            &raw mut len,
            &raw mut mantissa,
            &raw mut mantissa_len,
        );
        (h5t::H5Tget_size(float), got >= 0 && h5t::H5Tget_order(float) == H5T_order_t::H5T_ORDER_LE)
    };
    if !is_known || start + len > 8 * size {
        return false;
    }
    // SAFETY: the library hands over a value of this type, of as many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(value, size) };
    (start..start + len).all(|bit| bytes[bit / 8] & (1 << (bit % 8)) != 0)
}
