//! Workers that are threads of a rayon pool.

mod handover;

use std::fmt;
use std::sync::Arc;

use super::{Context, available_workers};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::options::{ContextOptions, Options, option_methods};

/// Runs the kernel on the threads of a rayon pool of its own.
///
/// The pool is made once and kept. A kernel may use rayon itself: it finds itself in this pool, so
/// that its own parallel work does not oversubscribe the machine. Clones share the pool.
///
/// Maps of several threads in one context share the pool's threads. Where these are all busy with
/// other maps for more than a tenth of a second, the thread that called works itself, so that a
/// kernel may wait for a thread that maps in the same context.
///
/// # Examples
/// ```
/// let context = pasha::ThreadContext::new(2)?;
/// let out = pasha::map_in(&context, 0..1000_u64, |_, _, n| 2 * n)?;
/// assert_eq!(out[999], 1998);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct ThreadContext {
    pool: Arc<rayon::ThreadPool>,
    options: Options,
}

impl ThreadContext {
    /// A context of this many threads.
    ///
    /// # Errors
    /// [`Error::ZeroWorkers`], or [`Error::Start`] if the threads can't be started.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, Error, ThreadContext};
    ///
    /// assert_eq!(ThreadContext::new(4)?.num_workers(), 4);
    /// assert!(matches!(ThreadContext::new(0), Err(Error::ZeroWorkers)));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn new(num_workers: usize) -> Result<Self> {
        if num_workers == 0 {
            return Err(Error::ZeroWorkers);
        }
        if num_workers > rayon::max_num_threads() {
            return Err(Error::TooLarge {
                argument: "the number of threads",
                given: num_workers,
                most: rayon::max_num_threads(),
                reason: "a rayon pool has no more; take as many as there are processors \
                         (`available_workers`)",
            });
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(num_workers)
            .thread_name(|worker_id| format!("pasha-{worker_id}"))
            .build()
            .map_err(|error| Error::Start {
                what: format!("{num_workers} threads"),
                source: error.into(),
            })?;
        Ok(ThreadContext { pool: Arc::new(pool), options: Options::new() })
    }

    /// A context with [as many threads as this process may use](available_workers).
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`available_workers`].
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, ThreadContext};
    ///
    /// let context = ThreadContext::with_available_workers()?;
    /// assert_eq!(context.num_workers(), pasha::available_workers()?);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn with_available_workers() -> Result<Self> {
        Self::new(available_workers()?)
    }
}

option_methods!(ThreadContext, "pasha::ThreadContext::new(2)?", "```\n# {");

impl ContextOptions for ThreadContext {
    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }
}

impl fmt::Debug for ThreadContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadContext")
            .field("num_workers", &self.num_workers())
            .field("options", &self.options)
            .finish()
    }
}

impl Context for ThreadContext {
    fn num_workers(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn run(&self, job: &Job<'_>) -> Result<()> {
        if self.pool.current_thread_index().is_some() {
            // A thread of this pool does other work of the pool while it waits.
            self.pool.broadcast(|thread| job.work(thread.index()));
        } else {
            handover::run(&self.pool, job);
        }
        Ok(())
    }

    fn options(&self) -> &Options {
        &self.options
    }
}
