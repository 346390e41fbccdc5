//! What all contexts have in common, and a user chooses: how the work is split, what happens when
//! it fails, when it is to stop, and hooks around it. Knows nothing of contexts and jobs.

mod cancel;
mod on_failure;
mod progress;
mod splitting;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use cancel::CancelToken;
pub use on_failure::{AfterRetries, OnFailure};
pub use progress::Progress;
pub(crate) use progress::Watch;
pub(crate) use splitting::Splitting;

use crate::memory::Pages;

/// A function called in each worker, with the worker's number.
pub(crate) type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// How long forked workers may go on with their item when a map is to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How a context splits the work, what it does about failures, and what it calls around the work.
///
/// The built-in contexts have these methods themselves; a context of your own keeps an `Options`
/// and returns it from [`Context::options`](crate::Context::options).
#[derive(Clone)]
pub struct Options {
    pub(crate) splitting: Splitting,
    pub(crate) start_hook: Option<Hook>,
    pub(crate) end_hook: Option<Hook>,
    pub(crate) watch: Option<Watch>,
    pub(crate) on_failure: OnFailure,
    pub(crate) item_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) stop_within: Duration,
    pub(crate) cancel_token: Option<CancelToken>,
    pub(crate) resume: Option<PathBuf>,
    pub(crate) huge_pages: bool,
    pub(crate) pin_workers: bool,
}

impl Options {
    /// The defaults: shares of shrinking size, claimed by whoever is free; the first failure ends
    /// the map; no limits of time and no hooks.
    pub const fn new() -> Self {
        Options {
            splitting: Splitting::Guided,
            start_hook: None,
            end_hook: None,
            watch: None,
            on_failure: OnFailure::Abort,
            item_timeout: None,
            deadline: None,
            stop_within: STOP_WITHIN,
            cancel_token: None,
            resume: None,
            huge_pages: true,
            pin_workers: false,
        }
    }

    /// Whether there is nothing to do during a map but to run the kernel, and nothing to look for.
    #[inline]
    pub(crate) fn are_plain(&self) -> bool {
        let Options { item_timeout, deadline, cancel_token, resume, .. } = self;
        let has_hooks = self.start_hook.is_some() || self.end_hook.is_some();
        let has_limits = item_timeout.is_some() || deadline.is_some() || cancel_token.is_some();
        let is_noted = resume.is_some() || self.watch.is_some() || !self.on_failure.is_abort();
        !(has_hooks || has_limits || is_noted || self.pin_workers)
    }

    #[inline]
    pub(crate) fn pages(&self) -> Pages {
        if self.huge_pages { Pages::Huge } else { Pages::Ordinary }
    }

    pub(crate) fn pins_workers(&self) -> bool {
        self.pin_workers
    }

    pub(crate) fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    pub(crate) fn splitting(&self) -> Splitting {
        self.splitting
    }

    pub(crate) fn start_hook(&self) -> Option<&Hook> {
        self.start_hook.as_ref()
    }

    pub(crate) fn end_hook(&self) -> Option<&Hook> {
        self.end_hook.as_ref()
    }

    pub(crate) fn policy(&self) -> OnFailure {
        self.on_failure
    }

    pub(crate) fn time_for_item(&self) -> Option<Duration> {
        self.item_timeout
    }

    pub(crate) fn time_for_map(&self) -> Option<Duration> {
        self.deadline
    }

    pub(crate) fn time_to_stop(&self) -> Duration {
        self.stop_within
    }

    pub(crate) fn token(&self) -> Option<&CancelToken> {
        self.cancel_token.as_ref()
    }

    /// The file that says what of a job is done.
    #[inline]
    pub(crate) fn job_file(&self) -> Option<&Path> {
        self.resume.as_deref()
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("splitting", &self.splitting)
            .field("on_failure", &self.on_failure)
            .field("item_timeout", &self.item_timeout)
            .field("deadline", &self.deadline)
            .field("stop_within", &self.stop_within)
            .field("cancel_token", &self.cancel_token)
            .field("resume", &self.resume)
            .field("huge_pages", &self.huge_pages)
            .field("pin_workers", &self.pin_workers)
            .field("start_hook", &self.start_hook.is_some())
            .field("end_hook", &self.end_hook.is_some())
            .field("progress", &self.watch)
            .finish()
    }
}

/// Gives [`Options`], and each context that holds some, the methods that change them.
macro_rules! option_methods {
    ($type:ident, $self:ident, $options:expr) => {
        impl $type {
            /// Gives each worker one balanced slice of the indices, the same in every run:
            /// worker `w` of `p` gets `w * n / p .. (w + 1) * n / p`.
            ///
            /// It makes per-worker results repeatable, and is slower where items are unequal.
            pub fn static_split(mut $self) -> Self {
                $options.splitting = $crate::options::Splitting::Static;
                $self
            }

            /// Has workers claim this many items at a time, instead of shares that shrink.
            pub fn share(mut $self, items: ::std::num::NonZeroUsize) -> Self {
                $options.splitting = $crate::options::Splitting::Fixed(items);
                $self
            }

            /// Says what a map does when an item fails. The default is
            /// [`OnFailure::Abort`](crate::OnFailure::Abort).
            ///
            /// Items can fail in every context by an `Err` or a panic; workers that die, and are
            /// replaced, are forked processes alone.
            ///
            /// With another policy than the default the innermost loop notes each index exactly,
            /// which costs kernels of a nanosecond or two their vector instructions.
            pub fn on_failure(mut $self, policy: $crate::OnFailure) -> Self {
                $options.on_failure = policy;
                $self
            }

            /// Fails an item that runs longer than this, with
            /// [`Cause::TimedOut`](crate::Cause::TimedOut).
            ///
            /// A forked worker is killed in the middle of such an item (at the latest after one
            /// and a quarter of the time) and replaced if the map goes on. A thread can't be
            /// interrupted from outside: there, and in a serial context, the item fails when it
            /// comes back, and one that never does keeps the map waiting. Use processes for
            /// kernels that may hang. What commonly hangs in a forked worker is what waits for a
            /// thread of the program: the pool of rayon, the runtime of tokio, a lock.
            pub fn item_timeout(mut $self, limit: ::std::time::Duration) -> Self {
                $options.item_timeout = Some(limit);
                $self
            }

            /// Ends a map that takes longer than this, with
            /// [`Error::Deadline`](crate::Error::Deadline).
            ///
            /// Forked workers are killed at that moment; threads stop at their next item, since
            /// they can't be interrupted.
            pub fn deadline(mut $self, limit: ::std::time::Duration) -> Self {
                $options.deadline = Some(limit);
                $self
            }

            /// Ends maps when the token is cancelled, with
            /// [`Error::Cancelled`](crate::Error::Cancelled): workers stop at their next item.
            pub fn cancel_token(mut $self, token: &$crate::CancelToken) -> Self {
                $options.cancel_token = Some(token.clone());
                $self
            }

            /// Says how long forked workers may go on with their item once the map is to stop,
            /// because an item failed or the map was cancelled; then they are killed.
            /// The default is 10 seconds.
            ///
            /// Threads can't be killed, and are waited for.
            pub fn stop_within(mut $self, limit: ::std::time::Duration) -> Self {
                $options.stop_within = limit;
                $self
            }

            /// Has forked workers killed at once when the map is to stop, instead of letting them
            /// finish their item.
            pub fn stop_at_once($self) -> Self {
                $self.stop_within(::std::time::Duration::ZERO)
            }

            /// Keeps note in this file of what is done, so that a map that was killed goes on
            /// where it was when the same program is run again.
            ///
            /// It needs outputs that lie in files, given to `run_into`: allocate them with
            /// `.file(path)` in the same context, which opens those of the job that is to be
            /// resumed, and makes new ones where there is none. Only what is missing is computed;
            /// the result is that of an undisturbed run. A job that is done is done: to compute it
            /// anew, delete the file.
            ///
            /// One program at a time works on a job: from the allocation of its first output on,
            /// until that is dropped, others are refused, and so are several maps at a time.
            ///
            /// A kernel with another signature, outputs of another shape, other files or another
            /// number of items are refused with [`Error::Resume`](crate::Error::Resume), and so is
            /// a job file that was damaged. An output is known by its inode and its time of birth,
            /// or a mark in its header where the file system does not tell that: one that was
            /// restored from a copy is another. That the inputs are the same is up to the caller.
            /// Kernels with `#[reduce]` or `#[per_worker]` outputs are refused: what a worker has
            /// accumulated dies with it, and keeping it in a file after each share would write more
            /// than most kernels do. Nor can ragged outputs be resumed, since they do not lie in
            /// files.
            ///
            /// It holds whatever ends the program, `kill -9` of all its processes included, but
            /// not for a loss of power: the operating system writes pages in any order.
            ///
            /// # Examples
            /// ```
            /// use pasha::prelude::*;
            ///
            /// /// Squares.
            /// #[pasha::kernel]
            /// fn square(value: f64) -> f64 { value * value }
            ///
            /// # let folder = std::env::temp_dir().join(format!("pasha-doc-{}", std::process::id()));
            /// # std::fs::create_dir_all(&folder).unwrap();
            /// # std::env::set_current_dir(&folder).unwrap();
            /// let inp = vec![1.0, 2.0, 3.0];
            /// let context = ProcessContext::new(2)?.resume("job.pasha");
            /// let mut out = context.alloc::<f64>(inp.len()).file("squares.npy").build()?;
            /// square::run_into(&context, &inp, &mut out)?;
            /// assert_eq!(out, ndarray::array![1.0, 4.0, 9.0]);
            /// # std::fs::remove_dir_all(&folder).unwrap();
            /// # Ok::<(), pasha::Error>(())
            /// ```
            pub fn resume(mut $self, path: impl Into<::std::path::PathBuf>) -> Self {
                let path: ::std::path::PathBuf = path.into();
                // The same when the program changes its folder.
                $options.resume = Some(::std::path::absolute(&path).unwrap_or(path));
                $self
            }

            /// Says whether large outputs get huge pages of 2 MiB, as far as the operating system
            /// gives them. The default is `true`.
            ///
            /// With pages of 4 KiB the first write of an output takes several times as long, and
            /// so does every later map over it in processes. Huge pages take memory in whole
            /// steps of 2 MiB, also where a kernel writes only here and there: choose `false` for
            /// large outputs of which little is ever written. The
            /// [`Report`](crate::Report::huge_pages) says what came of it.
            pub fn huge_pages(mut $self, wanted: bool) -> Self {
                $options.huge_pages = wanted;
                $self
            }

            /// Says whether each worker stays on a processor of its own, of those that the
            /// program may use. The default is `false`: the operating system moves workers as
            /// it likes.
            ///
            /// It steadies measurements, and keeps a worker near the memory that it wrote
            /// first on machines with several sockets. On a processor that another program keeps
            /// busy a pinned worker waits. Worker `w` gets the `w`-th processor of the affinity
            /// mask, and the first again after the last; a thread is set free after its last item.
            pub fn pin_workers(mut $self, wanted: bool) -> Self {
                $options.pin_workers = wanted;
                $self
            }

            /// Calls a function in each worker before its first item, with the worker's number:
            /// to open a device, to set an affinity.
            ///
            /// A panic in it fails the map.
            pub fn on_worker_start(
                mut $self,
                hook: impl Fn(usize) + Send + Sync + 'static,
            ) -> Self {
                $options.start_hook = Some(::std::sync::Arc::new(hook));
                $self
            }

            /// Calls a function in each worker after its last item, with the worker's number,
            /// unless the worker died or failed.
            pub fn on_worker_end(mut $self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
                $options.end_hook = Some(::std::sync::Arc::new(hook));
                $self
            }

            /// Calls a function with the progress of each map, this often and once at its end,
            /// on a thread of the caller's process.
            pub fn on_progress(
                mut $self,
                every: ::std::time::Duration,
                hook: impl Fn($crate::Progress) + Send + Sync + 'static,
            ) -> Self {
                $options.watch = Some($crate::options::Watch::hook(every, hook));
                $self
            }

            /// Draws a bar of the progress of each map on the standard error output, if that is
            /// a terminal.
            pub fn progress_bar(mut $self) -> Self {
                $options.watch = Some($crate::options::Watch::bar());
                $self
            }
        }
    };
}
option_methods!(Options, self, self);
pub(crate) use option_methods;
