//! Workers that are forked processes. See `README.md` beside this file.

mod deadlock;
mod end;
mod fork;
mod fork_guard;
mod libraries;
mod memory;
mod signals;
mod supervise;

use super::{Context, available_workers};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::memory::Memory;
use crate::options::{ContextOptions, Options, option_methods};
use supervise::start_failed;

/// Runs the kernel in forked processes, so that a crash of one does not end the program.
///
/// The processes are forked for each map and end with it. They see everything that the program has
/// in memory at that time, without a copy, and write outputs into memory that they share with it;
/// whatever else they change is lost when they end.
///
/// # What a kernel may rely on
/// On the same things as in a thread, with these exceptions:
///
/// - Other threads of the program do not exist in a worker. A lock that one of them held at the
///   time of the fork stays locked, so a kernel must not need one; nor can it use a thread pool or
///   a runtime of the program's, such as a `rayon::ThreadPool` by its `install` or a tokio runtime
///   by its `block_on`: make them in the kernel, or in its scratch. A worker that waits for such a
///   lock or thread is ended within about a second, with
///   [`Cause::Deadlock`](crate::Cause::Deadlock); where Linux does not tell what a process waits
///   for (`/proc/<pid>/syscall`), `item_timeout` ends it. Allocating memory, printing with
///   `println!` and `eprintln!`, panicking, spawning threads of its own and using rayon (on
///   one thread) work, whatever the other threads were doing.
/// - The state of every generator of random numbers is a copy, also that of `rand::rng()` in a
///   thread that has used it before: all workers would draw the same numbers. Seed a generator for
///   each item by its `#[index]`, which gives the same result in all contexts
///   (`examples/monte_carlo.rs`), or one for each worker in its scratch by `#[worker_id]`. With
///   the feature `rand` each worker seeds `rand::rng()` of rand 0.10 anew, before its first item;
///   for another version a hook does: `context.on_worker_start(|_| rand::rng().reseed().unwrap())`.
/// - A `Mutex` or an atomic of the program is a copy, which no other worker sees, and what a kernel
///   changes in it is lost. Gather values with `#[reduce(sum)]`, `#[per_worker(…)]` or
///   `#[output(…)]`. Where a `#[shared]` parameter of a kernel is a lock, an atomic, a `OnceLock`
///   or a container of these, the map does not start
///   ([`Error::ChangesLost`](crate::Error::ChangesLost)), unless the parameter says
///   `#[shared(copied)]`, as for a cache that each worker may fill for itself (or for atomics in
///   memory of the program's own that processes share). What generic parameters, types of your own
///   and the variables of a closure hold is not known.
/// - Shared arrays other than the map's outputs can be read but not written.
/// - Open files are the program's, with one position for all: read with `read_at`, or open the
///   file anew in the kernel or its scratch.
/// - The program's signal handlers do not run in workers, nor do its exit handlers and
///   destructors when a kernel calls `exit`, which ends the worker alone. (But for the destructors
///   of thread-locals that the calling thread had used: the C library runs those before anything
///   else.)
/// - A process that the kernel forks must end in the kernel: one that returns from it is ended.
///
/// The program may have signal handlers, ignore SIGCHLD or reap all its children itself, and have
/// any number of threads. No handler is installed, and nothing that the program has open is
/// closed. Before it forks, a map takes the locks of stdout and then of stderr, and waits for
/// threads that hold them: one that holds either for long holds up the map, and one that holds
/// stderr while it waits for stdout would wait for ever. Workers have what the program has open,
/// so a pipe that another thread has just made for a child of its own (without close-on-exec)
/// stays open until the map's end.
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
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, Error, ProcessContext};
    ///
    /// assert_eq!(ProcessContext::new(4)?.num_workers(), 4);
    /// assert!(matches!(ProcessContext::new(0), Err(Error::ZeroWorkers)));
    /// # Ok::<(), pasha::Error>(())
    /// ```
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
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, ProcessContext};
    ///
    /// let context = ProcessContext::with_available_workers()?;
    /// assert_eq!(context.num_workers(), pasha::available_workers()?);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn with_available_workers() -> Result<Self> {
        Self::new(available_workers()?)
    }
}

option_methods!(ProcessContext, "pasha::ProcessContext::new(2)?", "```\n# {");

impl ContextOptions for ProcessContext {
    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }
}

impl Context for ProcessContext {
    fn num_workers(&self) -> usize {
        self.num_workers
    }

    fn run(&self, job: &Job<'_>) -> Result<()> {
        if job.memory() == Memory::Private {
            return Err(start_failed(PRIVATE));
        }
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

/// Why a job of a context that did not ask for shared memory can't be run in processes.
const PRIVATE: &str = "the context of this map says that its workers share the memory of this \
                       process, but they are to be forked: a context around a `ProcessContext` \
                       must hand on its `memory` and `options`, besides `num_workers` and `run`";
