//! Keeping the HDF5 library from printing.

use std::cell::Cell;
use std::ptr::null_mut;

use hdf5_metno_sys::LOCK;
use hdf5_metno_sys::h5::H5open;
use hdf5_metno_sys::h5e::{H5E_DEFAULT, H5Eset_auto2};

/// Has HDF5 print no errors in this thread. It would also print those that the netCDF library
/// provokes to find out what there is; all that matter are returned.
///
/// The netCDF library does this itself, but only in the first thread that uses it.
pub(super) fn keep_quiet() {
    thread_local! {
        static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    }
    if IS_QUIET.replace(true) {
        return;
    }
    let _held = LOCK.lock();
    // SAFETY: both may be called at any time by whoever holds the lock that all users of the
    // library share, which is held. Without a function, none is called with the null pointer.
    unsafe {
        H5open();
        H5Eset_auto2(H5E_DEFAULT, None, null_mut());
    }
}
