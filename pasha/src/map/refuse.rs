//! What a map refuses before anything of it runs, whatever its functors are.

use std::path::Path;

use crate::context::MOST_WORKERS;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::options::Options;
use crate::output::WhatIsKept;
use crate::output::list::SpecList;

/// Why outputs can't be resumed that do not lie in files.
const NO_FILES: &str = "the outputs do not lie in files: allocate them with \
                                   `.file(path)` in this context, and give them to `run_into`";

/// Why a map can't be looked at that resumes.
const NOT_LIVE: &str = "a map that is looked at while it runs can't be gone on with: use `run_into` \
                        or `run_in`, or a context without `resume`";

/// Which map is asked to resume.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Resuming {
    /// One that allocates its outputs.
    Allocating,
    /// One into outputs that exist.
    Into,
    /// One over several ranks that allocates its outputs.
    AllocatingOnRanks,
    /// One over several ranks into outputs that exist.
    IntoOnRanks,
    /// One that is looked at while it runs.
    Live,
}

/// Refuses a context with `resume` for a map of which something would not be left after a crash.
#[inline(always)]
pub(super) fn refuse_to_resume<K: Kernel>(options: &Options, how: Resuming) -> Result<()> {
    match options.resume.as_deref() {
        None => Ok(()),
        Some(path) => check_resumes(path, K::Specs::KEPT, how, options),
    }
}

/// As [`refuse_to_resume`], without the kernel's types, so that it is compiled once.
#[cold]
fn check_resumes(path: &Path, kept: WhatIsKept, how: Resuming, options: &Options) -> Result<()> {
    let on_ranks = matches!(how, Resuming::AllocatingOnRanks | Resuming::IntoOnRanks);
    let reason = if kept.by_blocks && on_ranks {
        "the kernel has `#[reduce]` or `#[per_worker]` outputs, which are not saved where several \
         ranks map: give each index a slot of its own with `#[output]` and merge those after the \
         map, or use a context without `resume`"
    } else if kept.of_workers && options.on_failure.may_skip().is_some() {
        "the kernel has `#[per_worker]` outputs, and an item that `OnFailure::Skip` leaves out is \
         tried again with its block, which would be accumulated twice: use `#[reduce]`, another \
         `on_failure`, or a context without `resume`"
    } else if options.durable && on_ranks {
        "over several ranks what is noted does not wait for the disk: leave `durable` out"
    } else if kept.in_memory && on_ranks {
        "the kernel has ragged outputs, which are not saved where several ranks map: use a context \
         without `resume`"
    } else {
        match how {
            Resuming::Into | Resuming::IntoOnRanks => return Ok(()),
            Resuming::Allocating if !kept.in_files => return Ok(()),
            Resuming::Live => NOT_LIVE,
            Resuming::Allocating | Resuming::AllocatingOnRanks => NO_FILES,
        }
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

/// Workers in several processes for a kernel that changes this parameter, shared or an item,
/// through `&`.
#[cold]
pub(super) fn changes_lost(parameter: &str, items: &[&str], over_ranks: bool) -> Error {
    let is_item = items.contains(&parameter);
    Error::ChangesLost { parameter: parameter.to_owned(), is_item, over_ranks }
}
