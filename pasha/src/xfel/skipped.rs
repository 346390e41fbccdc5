//! What of a run's files can't be used.

use std::fmt;
use std::path::PathBuf;

/// A file of a run's folder, or something in it, that can't be used.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// for skipped in run.skipped_files().iter().filter(|skipped| skipped.is_whole) {
///     eprintln!("{} is left out: {}", skipped.path.display(), skipped.reason);
/// }
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedFile {
    /// The file.
    pub path: PathBuf,
    /// Whether all of the file is left out; else it is what the reason names, and the file is used.
    pub is_whole: bool,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for SkippedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}
