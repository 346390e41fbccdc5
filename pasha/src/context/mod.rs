//! Contexts: how workers run. A context sees only a [`Job`]; it knows nothing of kernels.

mod any;
mod available;
mod choose;
mod group;
mod in_words;
#[cfg(feature = "mpi")]
mod mpi;
mod named;
mod process;
mod ranks;
mod serial;
mod setting;
mod thread;

use std::fmt::Debug;

use crate::error::Result;
use crate::job::Job;
use crate::memory::Memory;
use crate::options::Options;

pub use any::AnyContext;
pub use available::available_workers;
pub use choose::{default_context, set_default_context};
pub use group::{GroupContext, Seat};
#[cfg(feature = "mpi")]
pub use mpi::MpiContext;
pub use process::ProcessContext;
pub use ranks::Ranks;
pub use serial::SerialContext;
pub(crate) use setting::{Setting, refuse_to_resume_within_kernels};
pub use thread::ThreadContext;

/// The most workers that a map may have: Linux numbers threads and processes up to here.
pub(crate) const MOST_WORKERS: usize = 1 << 22;

/// How workers run: how many, what memory they share, and how they are started.
///
/// A map asks each of these once.
///
/// Built in are [`SerialContext`], [`ThreadContext`] and [`ProcessContext`]. One of your own needs
/// two methods, in safe code. To be configured as those are, with `on_failure`, `item_timeout` and
/// the like, it keeps some [`Options`], returns them from [`options`](Self::options), and
/// implements [`ContextOptions`](crate::ContextOptions), which shows how.
///
/// # Examples
/// A context that runs each worker on a thread of its own, made anew for every map:
/// ```
/// use pasha::{Context, Job};
///
/// #[derive(Debug)]
/// struct FreshThreads(usize);
///
/// impl Context for FreshThreads {
///     fn num_workers(&self) -> usize { self.0 }
///
///     fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
///         std::thread::scope(|scope| {
///             for worker_id in 0..job.num_workers() {
///                 scope.spawn(move || job.work(worker_id));
///             }
///         });
///         Ok(())
///     }
/// }
///
/// let out = pasha::map_in(&FreshThreads(3), 0..100_u64, |_, _, n| n * n)?;
/// assert_eq!(out.sum(), (0..100_u64).map(|n| n * n).sum::<u64>());
/// # Ok::<(), pasha::Error>(())
/// ```
pub trait Context: Debug + Send + Sync {
    /// The number of workers, at least 1, the same for as long as the context lives.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, ThreadContext};
    ///
    /// assert_eq!(ThreadContext::new(4)?.num_workers(), 4);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn num_workers(&self) -> usize;

    /// Starts the job's workers and waits for them: calls [`Job::work`] once for each number
    /// below [`Job::num_workers`].
    ///
    /// # Errors
    /// Whatever keeps workers from being started. What happens within a worker is told to the
    /// caller of the map by the job itself.
    ///
    /// # Examples
    /// ```
    /// # use pasha::{Context, Job};
    /// # #[derive(Debug)]
    /// # struct Threads;
    /// # impl Context for Threads {
    /// #     fn num_workers(&self) -> usize { 3 }
    /// fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
    ///     std::thread::scope(|scope| {
    ///         (0..job.num_workers()).for_each(|id| drop(scope.spawn(move || job.work(id))));
    ///     });
    ///     Ok(())
    /// }
    /// # }
    /// # assert_eq!(pasha::map_in(&Threads, 0..10_u64, |_, _, n| n * n)?.sum(), 285);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn run(&self, job: &Job<'_>) -> Result<()>;

    /// The memory that the workers share with the caller; outputs are allocated in it.
    ///
    /// [`Memory::Private`] is right for workers in this process. A context around another one
    /// forwards this method and [`options`](Self::options) to it: a [`ProcessContext`] refuses a
    /// job in private memory.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, Job, Memory, ProcessContext};
    ///
    /// /// Says when maps begin.
    /// #[derive(Debug)]
    /// struct Announced(ProcessContext);
    ///
    /// impl Context for Announced {
    ///     fn num_workers(&self) -> usize { self.0.num_workers() }
    ///     fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
    ///         eprintln!("a map begins");
    ///         self.0.run(job)
    ///     }
    ///     fn memory(&self) -> Memory { self.0.memory() }
    /// }
    ///
    /// let context = Announced(ProcessContext::new(2)?);
    /// let squares = pasha::map_in(&context, 0..4_u64, |_, _, n| n * n)?;
    /// assert_eq!(squares, ndarray::array![0, 1, 4, 9]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn memory(&self) -> Memory {
        Memory::Private
    }

    /// Whether the one worker is the thread that starts the map, so that there is nothing to start
    /// and nobody to share anything with.
    #[doc(hidden)]
    fn runs_on_caller(&self) -> bool {
        false
    }

    /// The number of this process among those that map together (`MpiContext`), from 0; 0 where
    /// there is no other.
    ///
    /// # Examples
    /// ```
    /// use pasha::Context;
    ///
    /// let context = pasha::default_context()?;
    /// let out = pasha::map_in(&context, 0..4, |_, _, n| n * n)?;
    /// if context.rank() == 0 {
    ///     println!("{out}"); // once, on however many machines
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn rank(&self) -> usize {
        self.ranks().map_or(0, |ranks| ranks.group.rank())
    }

    /// The options of a context that was wrapped to have others, as `AnyContext` is.
    #[doc(hidden)]
    fn wrapped_options_mut(&mut self) -> Option<&mut Options> {
        None
    }

    /// The other ranks that map together, if there are any.
    #[doc(hidden)]
    fn ranks(&self) -> Option<&Ranks> {
        None
    }

    /// How the work is split, what happens when it fails, and the hooks around it; the defaults if
    /// nothing else is said.
    ///
    /// A context that keeps some [`Options`] returns them here, where maps read them. With
    /// [`ContextOptions`](crate::ContextOptions), whose one method returns them to be changed, it
    /// has `on_failure`, `deadline` and all other methods of the built-in contexts, too.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, Job, Options};
    ///
    /// /// Runs all workers on the calling thread, one after another.
    /// #[derive(Debug)]
    /// struct InTurn { workers: usize, options: Options }
    ///
    /// impl Context for InTurn {
    ///     fn num_workers(&self) -> usize { self.workers }
    ///
    ///     fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
    ///         (0..job.num_workers()).for_each(|worker_id| job.work(worker_id));
    ///         Ok(())
    ///     }
    ///
    ///     fn options(&self) -> &Options { &self.options }
    /// }
    ///
    /// let context = InTurn { workers: 2, options: Options::new().static_split() };
    /// let workers = pasha::map_in(&context, 0..4, |worker_id, _index, _item| worker_id)?;
    /// assert_eq!(workers, ndarray::array![0, 0, 1, 1]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn options(&self) -> &Options {
        const DEFAULT: &Options = &Options::new();
        DEFAULT
    }
}

/// What a context is that leaves all but its options to another: the methods of `Context`. The
/// other is an expression of the one, as in `|context| context.inner`.
macro_rules! as_another {
    (|$context:ident| $other:expr) => {
        fn num_workers(&self) -> usize {
            let $context = self;
            $other.num_workers()
        }

        fn run(&self, job: &$crate::job::Job<'_>) -> $crate::error::Result<()> {
            let $context = self;
            $other.run(job)
        }

        fn memory(&self) -> $crate::memory::Memory {
            let $context = self;
            $other.memory()
        }

        fn runs_on_caller(&self) -> bool {
            let $context = self;
            $other.runs_on_caller()
        }

        fn rank(&self) -> usize {
            let $context = self;
            $other.rank()
        }

        fn ranks(&self) -> Option<&$crate::context::Ranks> {
            let $context = self;
            $other.ranks()
        }
    };
}
use as_another;

macro_rules! context_by_pointer {
    ($([$($generics:tt)*] $pointer:ty;)+) => {$(
        impl<$($generics)*> Context for $pointer {
            as_another!(|pointer| (**pointer));

            fn options(&self) -> &Options {
                (**self).options()
            }
        }
    )+};
}
context_by_pointer! {
    [C: Context + ?Sized] &C;
    [C: Context + ?Sized] Box<C>;
    [C: Context + ?Sized] std::sync::Arc<C>;
}
