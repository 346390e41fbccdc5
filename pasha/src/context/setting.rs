//! What a map wants to know of its context.

use std::path::Path;

use super::{Context, Ranks};
use crate::error::{Error, Result};
use crate::job::panic;
use crate::memory::Memory;
use crate::options::Options;

/// What a map wants to know of its context, asked once: a context of the user's might answer
/// otherwise the next time, and memory that was made for one answer does not suit another.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'c> {
    pub(crate) context: &'c dyn Context,
    pub(crate) options: &'c Options,
    /// The number of workers here.
    pub(crate) num_workers: usize,
    /// The other ranks that map together, if there are any.
    pub(crate) ranks: Option<&'c Ranks>,
    pub(crate) memory: Memory,
    /// Whether the calling thread does it all, with nothing to look for.
    pub(crate) is_here: bool,
}

impl<'c> Setting<'c> {
    /// Asks a context, which maps together with these ranks.
    #[inline(always)]
    pub(crate) fn of<C: Context + ?Sized>(context: &'c &'c C, ranks: Option<&'c Ranks>) -> Self {
        let options = context.options();
        Setting {
            context,
            options,
            num_workers: match ranks {
                None => context.num_workers(),
                Some(ranks) => ranks.workers_here(),
            },
            ranks,
            memory: context.memory(),
            is_here: context.runs_on_caller() && options.are_plain(),
        }
    }
}

/// Refuses, within a kernel, a context that resumes the job at this path.
///
/// # Errors
/// [`Error::Resume`] if there is a path, and this thread runs a worker.
pub(crate) fn refuse_to_resume_within_kernels(job: Option<&Path>) -> Result<()> {
    match job.filter(|_| panic::in_worker()) {
        None => Ok(()),
        Some(path) => Err(Error::Resume {
            path: path.to_owned(),
            reason: "a map within a kernel is run for each item of another map, and the second \
                     would get what the first has finished: give `resume` to the map outside, and \
                     within the kernel use a context without it"
                .to_owned(),
        }),
    }
}
