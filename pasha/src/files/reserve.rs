//! Reserving the space of a file.

use std::fs::File;
use std::io;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, retry_on_intr};

/// Reserves space for so many bytes, so that a full disk is an error now and not a SIGBUS later;
/// `false` on file systems that can't, where nothing is changed.
///
/// # Errors
/// That of the operating system, where there is no room.
pub(crate) fn reserve(file: &File, bytes: u64) -> io::Result<bool> {
    match retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, bytes)) {
        Ok(()) => Ok(true),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
