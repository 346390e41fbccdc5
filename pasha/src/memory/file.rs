//! Mappings of files: outputs that lie in a `.npy` file from the start.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use super::{Backing, Mapping, Memory, live};
use crate::error::{Error, Result};

/// Which file a mapping is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) path: PathBuf,
    /// The device that the file lies on, and its number there: they stay when it is renamed, and
    /// change when it is replaced.
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl Mapping {
    /// Maps the bytes of `file` from `offset` to its end, for reading and writing.
    ///
    /// The file must be as long as the header and the elements, and its space reserved, so that
    /// a full disk is an error now and not a SIGBUS later.
    ///
    /// # Errors
    /// [`Error::File`] if the file can't be mapped.
    pub(crate) fn file(file: &File, path: &Path, offset: usize, len: usize) -> Result<Mapping> {
        let failed = |source| Error::File { action: "map", path: path.to_owned(), source };
        // SAFETY: the file was created by this process a moment ago for this array alone. That
        // nobody else truncates or writes it while it is mapped is what the documentation of
        // `AllocBuilder::file` asks of the user, as every memory map does.
        let mut map = unsafe { memmap2::MmapOptions::new().len(offset + len).map_mut(file) }
            .map_err(failed)?;
        let start = map
            .get_mut(offset..)
            .and_then(|elements| NonNull::new(elements.as_mut_ptr()))
            .ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))?;
        let metadata = file.metadata().map_err(failed)?;
        let identity =
            FileIdentity { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
        let backing = Backing::File(map, identity);
        let mapping = Mapping::of(start, len, Memory::Shared, backing);
        live::enter(&mapping);
        Ok(mapping)
    }

    /// Which file it is of, if it is of one.
    pub(crate) fn file_identity(&self) -> Option<&FileIdentity> {
        match &self.backing {
            Backing::File(_, identity) => Some(identity),
            Backing::Empty | Backing::Heap(_) | Backing::Anonymous => None,
        }
    }
}
