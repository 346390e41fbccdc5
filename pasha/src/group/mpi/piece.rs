//! The pieces that messages are sent in, and the errors of the calls that send them.

use std::ffi::c_int;

/// Bytes of a piece: rsmpi and some networks do not like larger ones.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Tags: whether more pieces of a message follow.
pub(super) const LAST: c_int = 0;
pub(super) const MORE: c_int = 1;

/// The error of an MPI call, if it is one. (By default MPI ends all processes itself.)
pub(super) fn check(code: c_int) -> Result<(), String> {
    if code == 0 { Ok(()) } else { Err(format!("MPI fails with error {code}")) }
}
