//! Mappings of files: outputs that lie in a `.npy` file from the start.

use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use super::file::FileBacking;
use super::{Backing, Mapping, Memory, live};
use crate::error::{Error, Result};
use crate::files::{FileClaim, FileIdentity};

impl Mapping {
    /// Maps `len` bytes of the file of the first claim from `offset` on, for reading and writing,
    /// and holds the claims for as long.
    ///
    /// The file must be as long as the header and the elements, and its space reserved, so that
    /// a full disk is an error now and not a SIGBUS later. `mark` is that of its header.
    ///
    /// # Errors
    /// [`Error::File`] if the file can't be mapped.
    pub(crate) fn file(
        claims: Vec<Arc<FileClaim>>,
        path: &Path,
        offset: usize,
        len: usize,
        mark: u64,
    ) -> Result<Mapping> {
        let failed = |source| Error::File { action: "map", path: path.to_owned(), source };
        let claim = claims.first().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        let identity = claim.identity(mark).map_err(failed)?;
        // SAFETY: whoever calls has claimed the file, so that no other mapping of it is made by
        // pasha, here or in another program; that nobody truncates or writes it by other means is
        // asked of the user by `AllocBuilder::file`, as of every memory map.
        let map = unsafe { memmap2::MmapOptions::new().len(offset + len).map_mut(claim.file()) };
        let mut map = map.map_err(failed)?;
        let start = map
            .get_mut(offset..)
            .and_then(|elements| NonNull::new(elements.as_mut_ptr()))
            .ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))?;
        let backing = Backing::File(FileBacking { map, identity, _claims: claims });
        let mapping = Mapping::of(start, len, Memory::Shared, backing);
        if let Some(addresses) = mapping.shared_addresses() {
            live::enter(&addresses);
        }
        Ok(mapping)
    }

    /// Which file it is of, if it is of one.
    pub(crate) fn file_identity(&self) -> Option<&FileIdentity> {
        match &self.backing {
            Backing::File(file) => Some(&file.identity),
            Backing::Empty | Backing::Heap(_) | Backing::Anonymous => None,
        }
    }
}
