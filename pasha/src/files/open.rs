//! Opening regular files, and nothing else.

use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::above_standard;

/// Opens a regular file.
///
/// To open a FIFO waits for somebody at its other end, and to open a device may do anything, so
/// that both are looked at before; what takes the file's place in between is noticed after.
///
/// # Errors
/// As [`OpenOptions::open`], and for what is no regular file an error that says what it is.
pub(crate) fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Ok(metadata) = fs::metadata(path) {
        check(metadata.file_type())?;
    }
    let file = options.custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    let file = File::from(above_standard(file)?);
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// Refuses what is no regular file.
pub(crate) fn check(kind: FileType) -> io::Result<()> {
    let Some(what) = other_than_regular(kind) else { return Ok(()) };
    let told = format!("it is {what}, not a regular file: give the path of a file");
    Err(io::Error::new(io::ErrorKind::InvalidInput, told))
}

/// What something is that is no regular file.
pub(crate) fn other_than_regular(kind: FileType) -> Option<&'static str> {
    Some(match kind {
        _ if kind.is_file() => return None,
        _ if kind.is_dir() => "a directory",
        _ if kind.is_fifo() => "a FIFO (a named pipe)",
        _ if kind.is_socket() => "a socket",
        _ if kind.is_char_device() => "a character device",
        _ if kind.is_block_device() => "a block device",
        _ => "something else",
    })
}
