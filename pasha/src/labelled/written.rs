//! What the writers of all formats share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::attribute::Attribute;
use super::coordinate::Coordinate;
use super::labels::Labels;
use crate::error::SourceError;
#[cfg(feature = "netcdf")]
use crate::files::check_regular;
#[cfg(feature = "zarr")]
use crate::files::other_than_regular;
use crate::files::target;

/// How times are written: nanoseconds, as they are in memory.
pub(super) const TIME: [(&str, &str); 2] =
    [("units", "nanoseconds since 1970-01-01"), ("calendar", "proleptic_gregorian")];

/// Checks that the names of an array, its dimensions and coordinates can be names in a file of any
/// format, in which `/` stands for a group, NUL for the end, and periods for other folders.
pub(super) fn check_names(labels: &Labels, name: &str) -> Result<(), SourceError> {
    check_node("array", name)?;
    labels.dims().iter().try_for_each(|dim| check_name("dimension", dim, &[]))?;
    labels.coords().keys().try_for_each(|name| check_node("coordinate", name))
}

/// Checks the name of an array that a file or folder is to have.
fn check_node(what: &str, name: &str) -> Result<(), SourceError> {
    check_name(what, name, &['/', '\0'])?;
    if name.chars().all(|it| it == '.') || name == "zarr.json" {
        let told = "can't be that of a file's array: give it another name";
        return Err(format!("the name {name:?} of its {what} {told}").into());
    }
    Ok(())
}

/// Checks that there is a name, and that it has none of some characters.
pub(super) fn check_name(what: &str, name: &str, forbidden: &[char]) -> Result<(), SourceError> {
    if name.is_empty() {
        return Err(format!("its {what} has no name: give it one").into());
    }
    match name.chars().find(|found| forbidden.contains(found)) {
        None => Ok(()),
        Some(found) => {
            Err(format!("the name {name:?} of its {what} has a {found:?}: give it another name")
                .into())
        }
    }
}

/// Attributes by which readers scale numbers.
const SCALING: [&str; 2] = ["scale_factor", "add_offset"];

/// An attribute as files are to have it: numbers to scale with are floats, because xarray makes
/// integers of what it scales with integers.
pub(super) fn as_written<'a>(name: &str, attribute: &'a Attribute) -> Cow<'a, Attribute> {
    match attribute.one_number().filter(|_| SCALING.contains(&name)) {
        Some(number) => Cow::Owned(Attribute::Float(number)),
        None => Cow::Borrowed(attribute),
    }
}

/// Checks that a file can have the attributes of an array and of its coordinates: those that say
/// how numbers are scaled have to be numbers, and those that list dimensions and coordinates are
/// written from what the array has.
pub(super) fn check_attributes(labels: &Labels) -> Result<(), SourceError> {
    for (name, value) in labels.attrs() {
        check_attribute(name, value).map_err(|told| format!("its attribute {name:?} {told}"))?;
    }
    for (of, coordinate) in labels.coords() {
        for (name, value) in coordinate.attrs() {
            check_attribute(name, value).map_err(|told| {
                format!("the attribute {name:?} of its coordinate {of:?} {told}")
            })?;
        }
    }
    Ok(())
}

/// What is wrong with an attribute of this name, if anything is.
fn check_attribute(name: &str, value: &Attribute) -> Result<(), String> {
    match name {
        _ if SCALING.contains(&name) && value.one_number().is_none() => Err(format!(
            "is not one finite number, but {value:?}, and readers scale with it: give it a number \
             or another name"
        )),
        "coordinates" => Err("is where a file lists the coordinates: give these by \
                              `with_coordinate`, or the attribute another name"
            .to_owned()),
        "_ARRAY_DIMENSIONS" => Err("is where a file lists the dimensions, which have names of \
                                    their own: give it another name"
            .to_owned()),
        _ => Ok(()),
    }
}

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

/// What is written in the place of an older one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Replaceable {
    /// A file: only regular files are replaced.
    #[cfg(feature = "netcdf")]
    File,
    /// A folder: only those are replaced that hold one of the files by which they are known, or
    /// nothing.
    #[cfg(feature = "zarr")]
    Folder { known_by: &'static [&'static str] },
}

impl Replaceable {
    /// Refuses to replace what is somebody else's.
    fn check(self, path: &Path) -> io::Result<()> {
        let kind = match fs::metadata(path) {
            Ok(found) => found.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        match self {
            #[cfg(feature = "netcdf")]
            Replaceable::File => check_regular(kind),
            #[cfg(feature = "zarr")]
            Replaceable::Folder { known_by } => {
                let is_known = known_by.iter().any(|name| path.join(name).is_file());
                if is_known || (kind.is_dir() && fs::read_dir(path)?.next().is_none()) {
                    return Ok(());
                }
                let told = match other_than_regular(kind) {
                    Some("a directory") => format!(
                        "it is a directory without any of the files {}: whatever it holds would \
                         be deleted; give a path of which nothing exists",
                        known_by.join(", ")
                    ),
                    what => format!(
                        "it is {}, where a directory is to be: give another path, or delete it",
                        what.unwrap_or("a file")
                    ),
                };
                Err(io::Error::new(io::ErrorKind::AlreadyExists, told))
            }
        }
    }
}

/// A file or folder that is being written, beside the one that it is to be; removed if it does not
/// get there.
#[derive(Debug)]
pub(super) struct Written {
    path: PathBuf,
    place: PathBuf,
    kind: Replaceable,
    is_in_place: bool,
}

impl Written {
    /// Finds a name that no other writer uses, beside `place`, or beside what that links to: a link
    /// stays one.
    ///
    /// # Errors
    /// For what must not be replaced, and if there is no directory to write into.
    pub(super) fn beside(place: &Path, kind: Replaceable) -> io::Result<Self> {
        static WRITTEN: AtomicUsize = AtomicUsize::new(0);
        let place = target(place)?;
        kind.check(&place)?;
        if place.file_name().is_none() {
            let told = "there is no name at the end of the path: give that of a file or folder";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
        }
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !fs::metadata(folder)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if std::env::current_dir().is_ok_and(|current| current.starts_with(&place)) {
            let told = "the program's current directory would be deleted: give a path in it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
        }
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        // Short, whatever the name of the place.
        let path = folder.join(format!(".pasha-{}-{number}", std::process::id()));
        Ok(Written { path, place, kind, is_in_place: false })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves what was written to its place, where an older one is replaced: whoever looks finds one
    /// of the two, whole.
    pub(super) fn put_in_place(mut self) -> io::Result<()> {
        // Something else may have come there meanwhile.
        self.kind.check(&self.place)?;
        match fs::metadata(&self.place) {
            Ok(older) => fs::set_permissions(&self.path, older.permissions())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let exchanged = self.place.is_dir().then(|| self.exchange()).transpose()?;
        if exchanged.is_none() {
            fs::rename(&self.path, &self.place)?;
        }
        self.is_in_place = true;
        match exchanged {
            None => Ok(()),
            Some(older) => fs::remove_dir_all(&older).map_err(|error| {
                let older = older.display();
                let told = "it is written, but what it has replaced can't be removed, and lies in";
                io::Error::new(error.kind(), format!("{told} {older}: {error}"))
            }),
        }
    }

    /// Puts what was written in the place of a folder, and says where that lies now.
    fn exchange(&self) -> io::Result<PathBuf> {
        match renameat_with(CWD, &self.path, CWD, &self.place, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(self.path.clone()),
            // Not every file system can exchange: with the older one aside there is none for a
            // moment, and where the new one can't get there it is put back.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                let mut aside = self.path.clone().into_os_string();
                aside.push("-older");
                let aside = PathBuf::from(aside);
                fs::rename(&self.place, &aside)?;
                match fs::rename(&self.path, &self.place) {
                    Ok(()) => Ok(aside),
                    Err(error) => {
                        fs::rename(&aside, &self.place)?;
                        Err(error)
                    }
                }
            }
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for Written {
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
