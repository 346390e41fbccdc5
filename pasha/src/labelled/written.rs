//! What the writers of all formats share.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::coordinate::Coordinate;
use super::labels::Labels;
use crate::error::SourceError;

/// How times are written: nanoseconds, as they are in memory.
pub(super) const TIME: [(&str, &str); 2] =
    [("units", "nanoseconds since 1970-01-01"), ("calendar", "proleptic_gregorian")];

/// The coordinates that are written beside an array of this name.
pub(super) fn coordinates<'a>(
    labels: &'a Labels,
    name: &str,
) -> Result<BTreeMap<&'a String, &'a Coordinate>, SourceError> {
    let mut all: BTreeMap<&String, &Coordinate> = labels.coords().iter().collect();
    if let Some((_, coordinate)) = all.remove_entry(&name.to_owned()) {
        // An array that is its own coordinate is written once.
        if coordinate.dims() != labels.dims() {
            return Err(format!(
                "the array and a coordinate along {:?} are both called {name:?}: give the array \
                 another name with with_name",
                coordinate.dims()
            )
            .into());
        }
    }
    Ok(all)
}

/// The attribute `coordinates`: the names of those that don't have the name of a dimension.
pub(super) fn listed(labels: &Labels) -> Result<String, SourceError> {
    let names = labels.coords().keys().filter(|name| !labels.dims().contains(name));
    let names: Vec<&str> =
        names.map(String::as_str).filter(|name| labels.name() != Some(name)).collect();
    match names.iter().find(|name| name.contains(char::is_whitespace)) {
        None => Ok(names.join(" ")),
        Some(name) => Err(format!(
            "the name of its coordinate {name:?} has a space, which is what separates names in the \
             attribute coordinates: give it another name"
        )
        .into()),
    }
}

/// Bytes of a chunk, about.
const CHUNK: usize = 1 << 20;

/// The shape of a chunk: as many entries of the first dimension as are of a good size, and parts
/// of the following dimensions where one entry is too large.
pub(super) fn chunk_shape(shape: &[usize], element: usize) -> Vec<usize> {
    let mut room = (CHUNK / element).max(1);
    let mut chunk: Vec<usize> = shape.to_vec();
    for len in chunk.iter_mut().rev() {
        *len = (*len).min(room).max(1);
        room = (room / *len).max(1);
    }
    chunk
}

/// A file or folder that is being written, beside the one that it is to be; removed if it does not
/// get there.
#[derive(Debug)]
pub(super) struct Written<'p> {
    path: PathBuf,
    place: &'p Path,
    is_in_place: bool,
}

impl<'p> Written<'p> {
    /// Finds a name beside `place` that no other writer uses.
    pub(super) fn beside(place: &'p Path) -> io::Result<Self> {
        static WRITTEN: AtomicUsize = AtomicUsize::new(0);
        let Some(name) = place.file_name() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !fs::metadata(folder)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let mut new = std::ffi::OsString::from(".");
        new.push(name);
        new.push(format!(".{}-{number}", std::process::id()));
        Ok(Written { path: folder.join(new), place, is_in_place: false })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves what was written to its place, where an older one is replaced.
    ///
    /// A folder is replaced only if it holds one of these files: others are somebody else's.
    pub(super) fn put_in_place(mut self, known_by: &[&str]) -> io::Result<()> {
        if self.place.is_dir() {
            if !known_by.iter().any(|name| self.place.join(name).is_file()) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::remove_dir_all(self.place)?;
        }
        fs::rename(&self.path, self.place)?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        if !self.is_in_place {
            let _ = fs::remove_dir_all(&self.path);
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_have_a_good_size() {
        assert_eq!(chunk_shape(&[2000, 512, 512], 2), [2, 512, 512]);
        assert_eq!(chunk_shape(&[10, 64, 96], 4), [10, 64, 96]);
        assert_eq!(chunk_shape(&[10, 4096, 4096], 8), [1, 32, 4096]);
        assert_eq!(chunk_shape(&[0, 3], 8), [1, 3]);
    }
}
