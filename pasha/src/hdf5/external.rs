//! External raw files: the elements of a data set lie back to back in files without a format, which
//! the HDF5 file names.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use hdf5_metno::plist::dataset_create::ExternalFile;

use super::file::MOST_OPEN_FILES;
use crate::files::{OpenedFile, open_regular};

/// The variable that says in which folder libhdf5 looks for files with relative names.
pub(super) const RAW_PREFIX: &str = "HDF5_EXTFILE_PREFIX";

/// What stands for the folder of the HDF5 file in it.
const ORIGIN: &[u8] = b"${ORIGIN}";

/// The external files of a data set, found when it was opened.
#[derive(Debug)]
pub(super) struct RawFiles {
    parts: Vec<RawPart>,
    are_by_working_folder: bool,
}

/// A part of a data set's bytes, in a file.
#[derive(Debug)]
struct RawPart {
    opened: OpenedFile,
    /// Bytes that the file has.
    file_size: u64,
    /// The first byte of the data set that is in it, and how many there are.
    first: u64,
    len: u64,
    /// The byte of the file that the first one is at.
    offset: u64,
}

impl RawFiles {
    /// Finds the files that hold the `size` bytes of a data set of the HDF5 file at `parent`.
    ///
    /// # Errors
    /// If one is not there or can't be opened, with its name, and where it was looked for; or if
    /// they have no room for all bytes.
    pub(super) fn find(
        named: &[ExternalFile],
        parent: &Path,
        size: u64,
        is_growing: bool,
    ) -> Result<RawFiles, String> {
        let folder = Folder::of(parent);
        let mut parts = Vec::new();
        let mut first = 0_u64;
        for file in named {
            // Those behind the last element hold nothing.
            if first >= size {
                break;
            }
            // A size of 0 stands for a file without an end.
            let len = match file.size {
                0 => size - first,
                len => (len as u64).min(size - first),
            };
            let path = folder.path_of(&file.name)?;
            let (opened, file_size) =
                open(&path).map_err(|error| folder.tell(&file.name, &path, &error))?;
            let offset = file.offset as u64;
            if offset.checked_add(len).is_none_or(|end| i64::try_from(end).is_err()) {
                return Err(format!(
                    "its elements begin at byte {offset} of the external raw file {}: the HDF5 file is damaged",
                    path.display()
                ));
            }
            let opened = opened.growing(is_growing);
            parts.push(RawPart { opened, file_size, first, len, offset });
            first += len;
        }
        if first < size {
            return Err(format!(
                "it has {size} bytes, but its external raw files have room for {first}: the HDF5 file is damaged"
            ));
        }
        let are_by_working_folder =
            folder.folder.as_ref().is_none_or(|folder| folder.is_relative())
                && named.iter().any(|file| Path::new(&file.name).is_relative());
        Ok(RawFiles { parts, are_by_working_folder })
    }

    /// Whether the files are found by the folder that the program is in.
    pub(super) fn are_by_working_folder(&self) -> bool {
        self.are_by_working_folder
    }

    /// Checks that the files have all bytes of the data set.
    ///
    /// # Errors
    /// If one is too short, with both lengths.
    pub(super) fn check_length(&self) -> Result<(), String> {
        let is_short = |part: &&RawPart| part.offset + part.len > part.file_size;
        match self.parts.iter().find(is_short) {
            Some(part) => Err(too_short(part, part.offset, part.len, part.file_size)),
            None => Ok(()),
        }
    }

    /// Looks whether all files still are as they were, for a worker that begins to read.
    ///
    /// # Errors
    /// If one is gone, was written, truncated or replaced.
    pub(super) fn open(&self) -> Result<OpenRawFiles<'_>, String> {
        let parts = &self.parts[..];
        let mut open =
            OpenRawFiles { parts, files: parts.iter().map(|_| None).collect(), count: 0 };
        for part in 0..parts.len() {
            open.file(part).map_err(|reason| told_of(&reason))?;
        }
        Ok(open)
    }
}

fn open(path: &Path) -> std::io::Result<(OpenedFile, u64)> {
    let metadata = open_regular(path, File::options().read(true))?.metadata()?;
    Ok((OpenedFile::new(path, &metadata), metadata.len()))
}

fn told_of(reason: &str) -> String {
    format!("its external raw file: {reason}")
}

/// The external files of a data set, as a worker reads them.
#[derive(Debug)]
pub(super) struct OpenRawFiles<'f> {
    parts: &'f [RawPart],
    files: Vec<Option<File>>,
    /// How many of them are open.
    count: usize,
}

impl OpenRawFiles<'_> {
    /// Reads the bytes of the data set from the `first` on.
    pub(super) fn read(&mut self, mut first: u64, mut into: &mut [u8]) -> Result<(), String> {
        while !into.is_empty() {
            let at = self.parts.partition_point(|part| part.first <= first).saturating_sub(1);
            let part = self.parts.get(at).filter(|part| first < part.first + part.len);
            let part = part.ok_or("its external raw files have no such byte")?;
            let within = first - part.first;
            let len = (part.len - within).min(into.len() as u64);
            let (bytes, rest) = into.split_at_mut(len as usize);
            let from = part.offset + within;
            if from + len > part.file_size && !part.opened.is_growing() {
                return Err(too_short(part, from, len, part.file_size));
            }
            let file = self.file(at).map_err(|reason| told_of(&reason))?;
            file.read_exact_at(bytes, from).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    let size = file.metadata().map_or(part.file_size, |metadata| metadata.len());
                    too_short(part, from, len, size)
                }
                _ => told_of(&format!(
                    "{len} bytes at byte {from} of {} can't be read: {error}",
                    part.opened.path().display()
                )),
            })?;
            first += len;
            into = rest;
        }
        Ok(())
    }

    /// A file, which is opened again if it is not open.
    fn file(&mut self, part: usize) -> Result<&File, String> {
        if self.files[part].is_none() && self.count >= MOST_OPEN_FILES {
            self.files.iter_mut().for_each(|file| *file = None);
            self.count = 0;
        }
        match &mut self.files[part] {
            Some(file) => Ok(file),
            none => {
                let file = none.insert(self.parts[part].opened.reopen()?);
                self.count += 1;
                Ok(file)
            }
        }
    }
}

/// Says that a file ends before the bytes that are asked for.
#[cold]
fn too_short(part: &RawPart, from: u64, len: u64, size: u64) -> String {
    let path = part.opened.path().display();
    let end = part.offset + part.len;
    format!(
        "its external raw file {path} has {size} bytes, but the data set goes on to byte {end} of it, and {len} at byte {from} \
         are asked for: it is truncated, or was never written to its end. Copy it again; or, if what is missing is to be \
         zeros, as HDF5 reads it, run \"truncate -s {end} {path}\""
    )
}

/// Refuses the external files of a data set in the HDF5 file at `parent` of which one is no regular
/// file; that one is not there is left to who reads it.
pub(super) fn check_files(named: &[ExternalFile], parent: &Path) -> Result<(), String> {
    let folder = Folder::of(parent);
    for file in named {
        let path = folder.path_of(&file.name)?;
        match open(&path) {
            Err(error) if path.exists() => return Err(folder.tell(&file.name, &path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// Where files with relative names are looked for, as libhdf5 does it (`H5D__build_file_prefix` in
/// its sources).
struct Folder {
    /// What [`RAW_PREFIX`] says, if it does.
    prefix: Option<OsString>,
    /// Which folder that is; none is the one that the program is in.
    folder: Option<PathBuf>,
}

impl Folder {
    /// For the external files of an HDF5 file.
    fn of(parent: &Path) -> Folder {
        let prefix = std::env::var_os(RAW_PREFIX);
        let prefix = prefix.filter(|prefix| !prefix.is_empty() && prefix != ".");
        let folder = prefix.as_ref().map(|prefix| match prefix.as_bytes().strip_prefix(ORIGIN) {
            Some(rest) => {
                let start = rest.iter().position(|&byte| byte != b'/').unwrap_or(rest.len());
                let rest = OsStr::from_bytes(&rest[start..]);
                parent.parent().unwrap_or(Path::new("/")).join(rest)
            }
            None => PathBuf::from(prefix),
        });
        Folder { prefix, folder }
    }

    /// The absolute path of a file.
    fn path_of(&self, name: &str) -> Result<PathBuf, String> {
        let path = match &self.folder {
            Some(folder) => folder.join(name),
            None => PathBuf::from(name),
        };
        std::path::absolute(path).map_err(|error| {
            format!(
                "its external raw file {name:?} can't be looked for in the working folder: {error}"
            )
        })
    }

    /// Says that a file can't be opened, and where it was looked for.
    #[cold]
    fn tell(&self, name: &str, path: &Path, error: &std::io::Error) -> String {
        let is_missing = error.kind() == std::io::ErrorKind::NotFound;
        let what = match is_missing {
            true => format!("is not there: {} does not exist", path.display()),
            false => format!("can't be opened: {}: {error}", path.display()),
        };
        let folder = path.parent().unwrap_or(Path::new("/")).display();
        let (looked, cure) = match &self.prefix {
            _ if Path::new(name).is_absolute() => {
                return format!("its external raw file {name:?} {what}; copy it there");
            }
            Some(prefix) => (
                format!("the folder {folder}, which {RAW_PREFIX}={} says", prefix.display()),
                "copy it there, or set the variable to its folder",
            ),
            None => (
                format!("the folder {folder}, seen from the one that the program is in"),
                "copy it there, or set HDF5_EXTFILE_PREFIX to its folder (\"${ORIGIN}\" stands for that of the HDF5 file)",
            ),
        };
        format!("its external raw file {name:?} {what}. It was looked for in {looked}: {cure}")
    }
}
