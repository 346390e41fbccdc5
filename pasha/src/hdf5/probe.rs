//! Looking at files in processes of their own first.
//!
//! HDF5 1.10 crashes on some damaged files (variable-length strings whose heap is not where the file says, for one),
//! and goes round in circles in others. What describes a file is therefore tried in a forked process, by a map of
//! its own, and done here only if it ended well there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::context::{ProcessContext, available_workers};
use crate::error::{Error, SourceError};
use crate::job::policy::OnFailure;
use crate::kernel::closure::{map_in, map_report_in};

/// More than any description takes.
const LONGEST: Duration = Duration::from_secs(30);

/// Says why `describe`, which calls this library, can't be called here, if it can't. What it returns is not looked at.
pub(crate) fn probe<T>(library: &str, describe: impl Fn() -> T + Sync) -> Result<(), SourceError> {
    let context = ProcessContext::new(1)?.item_timeout(LONGEST);
    let tried = map_in(&context, 0..1_usize, |_, _, _| drop(describe()));
    tried.map(drop).map_err(|error| reason(library, error).into())
}

/// Tries `describe`, which calls this library, with each file, and gives the reasons for those with which it can't be
/// called here.
#[cfg_attr(not(feature = "xfel"), allow(dead_code, reason = "other sources build on it"))]
pub(crate) fn probe_each(
    library: &str,
    files: &[PathBuf],
    describe: impl Fn(&Path) + Sync,
) -> Result<Vec<(usize, String)>, Error> {
    let context = ProcessContext::new(available_workers()?)?
        .item_timeout(LONGEST)
        .on_failure(OnFailure::Skip { at_most: files.len() });
    let (_, report) = map_report_in(&context, files, |_, _, file: &PathBuf| describe(file))?;
    let failed = report.failed.into_iter();
    Ok(failed.map(|item| (item.index, reason(library, item.cause))).collect())
}

fn reason(library: &str, error: Error) -> String {
    match error {
        Error::Panic { message, .. } => format!(
            "the {library} library met something unexpected ({message}): the file is damaged"
        ),
        Error::WorkerDied { .. } => {
            format!("the {library} library crashed on it: the file is damaged")
        }
        Error::TimedOut { .. } => format!(
            "the {library} library did not come to an end with it in {LONGEST:?}: the file is damaged, or the disk \
             very slow"
        ),
        other => other.to_string(),
    }
}
