//! Files that other programs may read at any time.

use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Writes a file under a temporary name and renames it: whoever reads the file meanwhile sees the
/// old one or the new one, and never a half of it.
pub(crate) fn write_whole(path: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = std::fs::write(&part, contents).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}
