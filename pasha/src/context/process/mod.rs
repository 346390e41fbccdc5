//! Workers that are forked processes. See `README.md` beside this file.

mod fork;
mod supervise;

use super::options::options_of_context;
use super::{Context, Options, available_workers};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::memory::Memory;

/// Runs the kernel in forked processes, so that a crash of one does not end the program.
///
/// The processes are forked for each map and end with it. They see everything that the program
/// has in memory at that time, without a copy, and write outputs into memory that they share with it;
/// whatever else they change is lost when they end.
///
/// A kernel may rely on the same things as a thread, with these exceptions: other threads of
/// the program do not exist in a worker, so a lock that one of them held at the time of the fork
/// stays locked (glibc sees to it that allocating memory works nevertheless); a `Mutex` or an atomic
/// of the program is a copy, which no other worker sees; shared arrays other than the map's
/// outputs can be read but not written.
///
/// # Examples
/// ```
/// let context = pasha::ProcessContext::new(2)?;
/// let out = pasha::map_in(&context, 0..1000_u64, |_, _, n| 2 * n)?;
/// assert_eq!(out[999], 1998);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProcessContext {
    num_workers: usize,
    options: Options,
}

impl ProcessContext {
    /// A context of this many processes, forked for each map.
    ///
    /// # Errors
    /// [`Error::ZeroWorkers`].
    pub fn new(num_workers: usize) -> Result<Self> {
        if num_workers == 0 {
            return Err(Error::ZeroWorkers);
        }
        Ok(ProcessContext { num_workers, options: Options::new() })
    }

    /// A context with [as many processes as this one may use processors](available_workers).
    ///
    /// # Errors
    /// As [`available_workers`].
    pub fn with_available_workers() -> Result<Self> {
        Self::new(available_workers()?)
    }
}

options_of_context!(ProcessContext);

impl Context for ProcessContext {
    fn num_workers(&self) -> usize {
        self.num_workers
    }

    fn run(&self, job: &Job<'_>) -> Result<()> {
        if rayon::current_thread_index().is_none() {
            return supervise::run(job);
        }
        // This is a thread of a rayon pool. A child forked from it would take itself for one of
        // that pool, whose other threads it does not have; one forked from a plain thread won't.
        std::thread::scope(|scope| {
            std::thread::Builder::new()
                .name("pasha-supervisor".to_owned())
                .spawn_scoped(scope, || supervise::run(job))
                .map_err(start_failed)?
                .join()
                .unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        })
    }

    fn memory(&self) -> Memory {
        Memory::Shared
    }

    fn options(&self) -> &Options {
        &self.options
    }
}

fn start_failed(source: impl Into<crate::error::SourceError>) -> Error {
    Error::Start { what: "a worker process".to_owned(), source: source.into() }
}
