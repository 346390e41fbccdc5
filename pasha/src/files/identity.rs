//! What a file is known by.

use std::collections::hash_map::RandomState;
use std::fs::{File, Metadata};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Which file it is that an output lies in.
///
/// It stays when the file is renamed, and changes when another takes its place: file systems give
/// the number of a file that was removed to the next (ext4 does so at once), but not its time of
/// birth. Some have no such time (network file systems, old ones); there the mark tells them apart,
/// a random number in the header of each output that belongs to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) path: PathBuf,
    /// The device that it lies on. It changes when a file system without a disk of its own
    /// (network file systems, btrfs) is mounted again, so that after a restart of the machine it
    /// says nothing.
    pub(crate) device: u64,
    /// Its number on the device.
    pub(crate) inode: u64,
    /// When it was made, in nanoseconds since 1970, if the file system knows.
    pub(crate) born: Option<i128>,
    /// The random number in its header; 0 if there is none.
    pub(crate) mark: u64,
}

impl FileIdentity {
    /// # Errors
    /// If the file can't be looked at.
    pub(crate) fn of(file: &File, path: &Path, mark: u64) -> io::Result<FileIdentity> {
        let metadata = file.metadata()?;
        Ok(FileIdentity {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
            born: born(&metadata),
            mark,
        })
    }
}

fn born(metadata: &Metadata) -> Option<i128> {
    let time: SystemTime = metadata.created().ok()?;
    Some(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_nanos().cast_signed(),
        Err(before) => -before.duration().as_nanos().cast_signed(),
    })
}

/// A random number that is not 0, by which a file is known: the standard library seeds its hash
/// tables by the operating system's.
pub(crate) fn random_mark() -> u64 {
    RandomState::new().build_hasher().finish() | 1
}
