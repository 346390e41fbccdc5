//! Looking at a file in a process of its own first.
//!
//! HDF5 1.10 crashes on some damaged files (variable-length strings whose heap is not where the
//! file says, for one). What describes a variable is therefore tried in a forked process, by a map of
//! one item, and done here only if it ended well there.

use std::time::Duration;

use crate::context::ProcessContext;
use crate::error::{Error, SourceError};
use crate::kernel::closure::try_map_in;

/// More than any description takes: on other damaged files the library goes round in circles.
const LONGEST: Duration = Duration::from_secs(30);

/// Says why `describe` can't be called here, if it can't.
pub(super) fn probe(
    describe: impl Fn() -> Result<(), SourceError> + Sync,
) -> Result<(), SourceError> {
    let context = ProcessContext::new(1)?.item_timeout(LONGEST);
    let tried = try_map_in(&context, 0..1_usize, |_, _, _| describe());
    match tried {
        Ok(_) => Ok(()),
        Err(Error::Kernel { message, .. }) => Err(message.into()),
        Err(Error::Panic { message, .. }) => Err(format!(
            "the netCDF library met something unexpected ({message}): the file is damaged"
        )
        .into()),
        Err(Error::WorkerDied { .. }) => {
            Err("the netCDF library crashed on it: the file is damaged".into())
        }
        Err(Error::TimedOut { .. }) => Err(format!(
            "the netCDF library did not come to an end with it in {LONGEST:?}: the file is damaged, or the \
             disk very slow"
        )
        .into()),
        Err(other) => Err(other.into()),
    }
}
