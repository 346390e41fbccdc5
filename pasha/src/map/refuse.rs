//! What a map refuses before anything of it runs, whatever its functors are.

use std::path::Path;

use crate::context::MOST_WORKERS;
use crate::error::{Error, Result};
use crate::job::work::AccumulatorsOf;
use crate::kernel::Kernel;
use crate::options::Options;
use crate::output::list::SpecList;
use crate::output::worker::Accumulators;

/// Why outputs can't be resumed that do not lie in files.
pub(super) const NO_FILES: &str = "the outputs do not lie in files: allocate them with \
                                   `.file(path)` in this context, and give them to `run_into`";

/// Refuses a context with `resume` for kernels of which nothing would be left after a crash, and
/// otherwise for the reason given, if one is.
#[inline(always)]
pub(super) fn refuse_to_resume<K: Kernel>(options: &Options, reason: Option<&str>) -> Result<()> {
    match options.resume.as_deref() {
        None => Ok(()),
        Some(path) => {
            let has_accumulators = AccumulatorsOf::<K>::COUNT > 0;
            check_resumes(path, has_accumulators, K::Specs::CAN_LIE_IN_FILES, reason)
        }
    }
}

/// As [`refuse_to_resume`], without the kernel's types, so that it is compiled once.
#[cold]
fn check_resumes(
    path: &Path,
    has_accumulators: bool,
    can_lie_in_files: bool,
    reason: Option<&str>,
) -> Result<()> {
    let reason = if has_accumulators {
        "the kernel has `#[reduce]` or `#[per_worker]` outputs, and what a worker has accumulated \
         dies with it: give each index a slot of its own with `#[output]` and merge those after \
         the map, or use a context without `resume`"
    } else if !can_lie_in_files {
        "the kernel has ragged outputs, which do not lie in files: use a context without `resume`"
    } else if let Some(reason) = reason {
        reason
    } else {
        return Ok(());
    };
    Err(Error::Resume { path: path.to_owned(), reason: reason.to_owned() })
}

/// More workers than there can be.
#[cold]
pub(super) fn too_many_workers(given: usize) -> Error {
    Error::TooLarge {
        argument: "the number of workers of the context",
        given,
        most: MOST_WORKERS,
        reason: "Linux has no more threads and processes; take as many workers as there are \
                 processors (`available_workers`)",
    }
}

/// Forked workers for a kernel that changes this parameter, shared or an item, through `&`.
#[cold]
pub(super) fn changes_lost(parameter: &str, items: &[&str]) -> Error {
    Error::ChangesLost { parameter: parameter.to_owned(), is_item: items.contains(&parameter) }
}
