//! What all contexts have in common, and a user chooses: how the work is split, what happens when
//! it fails, when it is to stop, and hooks around it. Knows nothing of contexts and jobs.

mod around_forks;
mod cancel;
mod methods;
mod on_failure;
mod own_methods;
mod progress;
mod progress_bar;
mod splitting;
pub(crate) mod ticking;
mod words;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use around_forks::AroundForks;
pub use cancel::CancelToken;
pub use methods::ContextOptions;
pub use on_failure::{AfterRetries, OnFailure};
pub(crate) use own_methods::option_methods;
pub use progress::Progress;
pub(crate) use progress::Watch;
pub(crate) use splitting::Splitting;

use crate::error::{Error, Result};
use crate::memory::Pages;

/// A function called in each worker, with the worker's number.
pub(crate) type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// How long forked workers may go on with their item when a map is to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How a context splits the work, what it does about failures, and what it calls around the work.
///
/// The built-in contexts have these methods themselves. A context of your own keeps an `Options`,
/// returns it from [`Context::options`](crate::Context::options) for maps to read, and implements
/// [`ContextOptions`], which gives it the same methods.
///
/// # Examples
/// ```
/// use pasha::{ContextOptions, OnFailure, Options, ProcessContext, ThreadContext};
///
/// let options = Options::new().static_split().on_failure(OnFailure::Skip { at_most: 3 });
/// let (mut threads, mut processes) = (ThreadContext::new(2)?, ProcessContext::new(2)?);
/// *threads.options_mut() = options.clone();
/// *processes.options_mut() = options;
/// let workers = pasha::map_in(&processes, 0..4, |worker_id, _index, _item| worker_id)?;
/// assert_eq!(workers, ndarray::array![0, 0, 1, 1]);
/// # Ok::<(), pasha::Error>(())
/// ```
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
    pub(crate) durable: bool,
    pub(crate) huge_pages: bool,
    pub(crate) pin_workers: bool,
    pub(crate) worker_lifespan: Option<NonZeroUsize>,
    pub(crate) worker_memory: Option<usize>,
    pub(crate) nice: i32,
    pub(crate) reproducible: bool,
    pub(crate) timeline: bool,
    pub(crate) timeline_file: Option<PathBuf>,
    /// What an interpreter within the program does around forks.
    pub(crate) around_forks: Option<Arc<Box<dyn AroundForks>>>,
}

impl Options {
    /// The defaults: shares of shrinking size, claimed by whoever is free; the first failure ends
    /// the map; no limits of time and no hooks.
    ///
    /// # Examples
    /// ```
    /// use pasha::Options;
    ///
    /// static OPTIONS: Options = Options::new();
    /// assert!(format!("{OPTIONS:?}").contains("on_failure: Abort"));
    /// ```
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
            durable: false,
            huge_pages: true,
            pin_workers: false,
            worker_lifespan: None,
            worker_memory: None,
            nice: 0,
            reproducible: false,
            timeline: false,
            timeline_file: None,
            around_forks: None,
        }
    }

    /// These options, and of others those that these do not set.
    pub(crate) fn or(self, others: &Options) -> Options {
        fn either<T: PartialEq + Clone>(own: T, other: &T, unset: &T) -> T {
            if own == *unset { other.clone() } else { own }
        }
        let (new, others) = (Options::new(), others.clone());
        // All by name, so that the compiler asks where a new option belongs.
        Options {
            splitting: either(self.splitting, &others.splitting, &new.splitting),
            start_hook: self.start_hook.or(others.start_hook),
            end_hook: self.end_hook.or(others.end_hook),
            watch: self.watch.or(others.watch),
            on_failure: either(self.on_failure, &others.on_failure, &new.on_failure),
            item_timeout: self.item_timeout.or(others.item_timeout),
            deadline: self.deadline.or(others.deadline),
            stop_within: either(self.stop_within, &others.stop_within, &new.stop_within),
            cancel_token: self.cancel_token.or(others.cancel_token),
            resume: self.resume.or(others.resume),
            durable: self.durable || others.durable,
            huge_pages: self.huge_pages && others.huge_pages,
            pin_workers: self.pin_workers || others.pin_workers,
            worker_lifespan: self.worker_lifespan.or(others.worker_lifespan),
            worker_memory: self.worker_memory.or(others.worker_memory),
            nice: either(self.nice, &others.nice, &new.nice),
            reproducible: self.reproducible || others.reproducible,
            timeline: self.timeline || others.timeline,
            timeline_file: self.timeline_file.or(others.timeline_file),
            around_forks: self.around_forks.or(others.around_forks),
        }
    }

    /// Whether there is nothing to do during a map but to run the kernel, and nothing to look for.
    #[inline]
    pub(crate) fn are_plain(&self) -> bool {
        // All by name, so that the compiler asks where a new option belongs.
        let Options {
            splitting: _,
            start_hook,
            end_hook,
            watch,
            on_failure,
            item_timeout,
            deadline,
            stop_within: _,
            cancel_token,
            resume,
            durable: _,
            huge_pages: _,
            pin_workers,
            worker_lifespan: _,
            worker_memory: _,
            nice: _,
            reproducible,
            timeline,
            timeline_file: _,
            around_forks: _,
        } = self;
        let has_hooks = start_hook.is_some() || end_hook.is_some();
        let has_limits = item_timeout.is_some() || deadline.is_some() || cancel_token.is_some();
        let is_noted = resume.is_some() || watch.is_some() || *timeline || !on_failure.is_abort();
        let is_special = *pin_workers || *reproducible || self.are_of_processes();
        !(has_hooks || has_limits || is_noted || is_special)
    }

    /// Calls these around the forks of workers.
    #[doc(hidden)]
    pub fn around_forks(self, hooks: Box<dyn AroundForks>) -> Self {
        Options { around_forks: Some(Arc::new(hooks)), ..self }
    }

    #[inline]
    pub(crate) fn pages(&self) -> Pages {
        if self.huge_pages { Pages::Huge } else { Pages::Ordinary }
    }

    /// Whether an option is set that only workers in processes of their own can have.
    #[inline]
    pub(crate) fn are_of_processes(&self) -> bool {
        self.worker_lifespan.is_some() || self.worker_memory.is_some() || self.nice != 0
    }

    /// The error of an option that only workers in processes of their own can have, if one is set.
    /// `of` says whose option it is, as a phrase.
    #[cold]
    pub(crate) fn refuse_those_of_processes(&self, of: &str) -> Result<()> {
        let lifespan = self.worker_lifespan.map(|items| ("worker_lifespan", items.to_string()));
        let memory = self.worker_memory.map(|bytes| ("worker_memory", bytes.to_string()));
        let nice = (self.nice != 0).then(|| ("nice", self.nice.to_string()));
        let Some((option, value)) = lifespan.or(memory).or(nice) else { return Ok(()) };
        Err(Error::Argument {
            argument: format!("the option `{option}` {of}"),
            value,
            advice: "the workers of this context are not processes of their own, which it is for: \
                     use a `ProcessContext` (`processes`), or leave it out"
                .to_owned(),
        })
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options {
            splitting,
            start_hook,
            end_hook,
            watch,
            on_failure,
            item_timeout,
            deadline,
            stop_within,
            cancel_token,
            resume,
            durable,
            huge_pages,
            pin_workers,
            worker_lifespan,
            worker_memory,
            nice,
            reproducible,
            timeline,
            timeline_file,
            around_forks: _,
        } = self;
        f.debug_struct("Options")
            .field("splitting", splitting)
            .field("on_failure", on_failure)
            .field("item_timeout", item_timeout)
            .field("deadline", deadline)
            .field("stop_within", stop_within)
            .field("cancel_token", cancel_token)
            .field("resume", resume)
            .field("durable", durable)
            .field("huge_pages", huge_pages)
            .field("pin_workers", pin_workers)
            .field("worker_lifespan", worker_lifespan)
            .field("worker_memory", worker_memory)
            .field("nice", nice)
            .field("reproducible", reproducible)
            .field("timeline", timeline)
            .field("timeline_file", timeline_file)
            .field("start_hook", &start_hook.is_some())
            .field("end_hook", &end_hook.is_some())
            .field("progress", watch)
            .finish()
    }
}
