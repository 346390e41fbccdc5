//! Descriptors that nobody takes for a standard stream.

use std::os::fd::{AsRawFd, OwnedFd};

#[cfg(feature = "netcdf")]
use rustix::fs::{Mode, OFlags};

/// The first descriptor that is not of a standard stream.
const FIRST: i32 = 3;

/// Moves a descriptor out of the place of a standard stream.
///
/// A program that has closed its standard streams, as daemons do, gets 0, 1 and 2 for the next
/// files that it opens; `println!` would write into them. The descriptor that comes back is closed
/// when another program is executed.
///
/// # Errors
/// If the process can't have another descriptor.
pub(crate) fn above_standard(descriptor: impl Into<OwnedFd>) -> rustix::io::Result<OwnedFd> {
    let descriptor = descriptor.into();
    match descriptor.as_raw_fd() < FIRST {
        true => rustix::io::fcntl_dupfd_cloexec(&descriptor, FIRST),
        false => Ok(descriptor),
    }
}

/// The places of those standard streams that are closed, held so that a library that opens a file
/// itself gets none of them.
#[cfg(feature = "netcdf")]
pub(crate) struct StandardPlaces {
    _held: Vec<OwnedFd>,
}

#[cfg(feature = "netcdf")]
impl StandardPlaces {
    /// Holds them, as far as they are closed.
    pub(crate) fn hold() -> StandardPlaces {
        let mut held = Vec::new();
        // What is open as a path can be neither read nor written, like what is closed.
        while let Ok(place) = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
            if place.as_raw_fd() >= FIRST {
                break;
            }
            held.push(place);
        }
        StandardPlaces { _held: held }
    }
}
