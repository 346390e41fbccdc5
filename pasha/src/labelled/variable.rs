//! A variable as workers open and read it, whatever the format of its file.

use std::path::Path;

use crate::error::SourceError;

/// What can be opened by each worker anew: paths and plain metadata, never a handle.
pub(super) trait StoredFile: Send + Sync {
    /// Opens the variable.
    fn open(&self) -> Result<Box<dyn OpenVariable + '_>, SourceError>;

    /// The file or folder.
    fn path(&self) -> &Path;
}

/// One worker's open variable.
pub(super) trait OpenVariable {
    /// Reads the block of `count` elements from `start` (one number for each dimension), in C
    /// order and the machine's byte order.
    fn read(
        &mut self,
        start: &[usize],
        count: &[usize],
        into: &mut [u8],
    ) -> Result<(), SourceError>;
}
