//! What a mapping of a file holds.

use std::io;
use std::sync::Arc;

use crate::files::{FileClaim, FileIdentity};

/// What a mapping of a file holds.
pub(super) struct FileBacking {
    // Unmapped before the file may be claimed by somebody else.
    pub(super) map: memmap2::MmapMut,
    pub(super) identity: FileIdentity,
    pub(super) _claims: Vec<Arc<FileClaim>>,
}

impl FileBacking {
    /// Writes the pages to the disk.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.map.flush()
    }
}
