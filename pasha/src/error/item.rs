//! Why an item failed.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use super::{SourceError, describe};

/// What ended a map, or was left out of it, at one item.
///
/// `Display` says what happened, where, how far the map had come, and what to do; `Debug` shows the
/// same text.
///
/// # Examples
/// ```
/// use pasha::{Cause, Error};
///
/// let text = ["1", "2", "three"];
/// let error = pasha::try_map(&text, |_, _, number| number.parse::<i32>()).unwrap_err();
/// let Error::Item(failure) = error else { panic!("{error}") };
/// assert_eq!(failure.index(), 2);
/// assert!(matches!(failure.cause(), Cause::Refused { message, .. } if message.contains("digit")));
/// ```
pub struct ItemFailure {
    pub(crate) index: usize,
    pub(crate) worker_id: usize,
    pub(crate) attempts: usize,
    pub(crate) finished: usize,
    pub(crate) len: usize,
    /// Whether the map went on without the item, as `on_failure` says.
    pub(crate) is_left_out: bool,
    /// The machine that it ran on, if there are several.
    #[allow(clippy::box_collection, reason = "moved with every error, and mostly not there")]
    pub(crate) host: Option<Box<String>>,
    pub(crate) cause: Cause,
}

/// What happened at an item.
///
/// # Examples
/// ```
/// use pasha::{Cause, Error};
///
/// /// What to write into a log of runs.
/// fn word(error: &Error) -> &'static str {
///     let Error::Item(failure) = error else { return "map" };
///     match failure.cause() {
///         Cause::Refused { .. } => "refused",
///         Cause::Panic { .. } => "panicked",
///         Cause::Died { signal: Some(9), .. } => "killed, perhaps for its memory",
///         Cause::Died { .. } => "died",
///         Cause::TimedOut { .. } | Cause::Deadlock => "stuck",
///         _ => "not read",
///     }
/// }
///
/// let error = pasha::try_map(0..3, |_, _, n| if n == 2 { Err("two") } else { Ok(n) });
/// assert_eq!(word(&error.unwrap_err()), "refused");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The kernel returned an `Err`.
    #[non_exhaustive]
    Refused {
        /// The kernel's error as text.
        message: String,
    },

    /// The kernel panicked.
    #[non_exhaustive]
    Panic {
        /// The panic's message.
        message: String,
        /// Where it panicked, as `file:line:column`; not known if the program has set a panic hook
        /// of its own since its first map.
        location: Option<String>,
    },

    /// A worker process died while it ran the kernel.
    #[non_exhaustive]
    Died {
        /// The signal that killed it, if one did.
        signal: Option<i32>,
        /// The status that it exited with, if it exited.
        status: Option<i32>,
        /// What else is known: that memory ran out, or that the worker had as much as it may.
        detail: Option<String>,
    },

    /// The item took longer than the context's `item_timeout` allows.
    #[non_exhaustive]
    TimedOut {
        /// The time that an item may take.
        limit: Duration,
    },

    /// A forked worker waited in the kernel for what can't come there: a lock that another thread
    /// of the program held, or a thread of the program.
    Deadlock,

    /// Reading the item failed.
    Source(SourceError),
}

impl ItemFailure {
    /// Index of the item, counted from 0.
    ///
    /// # Examples
    /// ```
    /// # use pasha::Error;
    /// let text = ["1", "two"];
    /// let error = pasha::try_map_in(&pasha::SerialContext::new(), &text, |_, _, number| {
    ///     number.parse::<i32>()
    /// });
    /// let Err(Error::Item(failure)) = error else { panic!("`two` is no number in digits") };
    /// assert_eq!(failure.index(), 1);
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// The worker that ran it, from 0 to one less than the context has.
    ///
    /// # Examples
    /// ```
    /// # use pasha::Error;
    /// let text = ["1", "two"];
    /// let error = pasha::try_map_in(&pasha::SerialContext::new(), &text, |_, _, number| {
    ///     number.parse::<i32>()
    /// });
    /// let Err(Error::Item(failure)) = error else { panic!("`two` is no number in digits") };
    /// assert_eq!(failure.worker_id(), 0);
    /// ```
    pub fn worker_id(&self) -> usize {
        self.worker_id
    }

    /// The machine that it ran on, where a map has workers on several; `None` if it ran here.
    ///
    /// # Examples
    /// ```
    /// # use pasha::Error;
    /// let text = ["1", "two"];
    /// let error = pasha::try_map_in(&pasha::SerialContext::new(), &text, |_, _, number| {
    ///     number.parse::<i32>()
    /// });
    /// let Err(Error::Item(failure)) = error else { panic!("`two` is no number in digits") };
    /// assert!(failure.host().is_none());
    /// ```
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref().map(String::as_str)
    }

    /// How often it was tried, in a row: 1, or more with `OnFailure::Retry`.
    ///
    /// # Examples
    /// ```
    /// # use pasha::Error;
    /// let text = ["1", "two"];
    /// let error = pasha::try_map_in(&pasha::SerialContext::new(), &text, |_, _, number| {
    ///     number.parse::<i32>()
    /// });
    /// let Err(Error::Item(failure)) = error else { panic!("`two` is no number in digits") };
    /// assert_eq!(failure.attempts(), 1);
    /// ```
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Number of items that were finished when the map ended.
    ///
    /// # Examples
    /// ```
    /// # use pasha::Error;
    /// let text = ["1", "two"];
    /// let error = pasha::try_map_in(&pasha::SerialContext::new(), &text, |_, _, number| {
    ///     number.parse::<i32>()
    /// });
    /// let Err(Error::Item(failure)) = error else { panic!("`two` is no number in digits") };
    /// assert_eq!(failure.finished(), 1);
    /// ```
    pub fn finished(&self) -> usize {
        self.finished
    }

    /// Number of items of the map.
    ///
    /// # Examples
    /// ```
    /// # use pasha::Error;
    /// let text = ["1", "two"];
    /// let error = pasha::try_map_in(&pasha::SerialContext::new(), &text, |_, _, number| {
    ///     number.parse::<i32>()
    /// });
    /// let Err(Error::Item(failure)) = error else { panic!("`two` is no number in digits") };
    /// assert_eq!(failure.len(), 2);
    /// ```
    #[allow(clippy::len_without_is_empty, reason = "the length of the map, as in a report")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// What happened.
    ///
    /// # Examples
    /// ```
    /// # use pasha::Error;
    /// let text = ["1", "two"];
    /// let error = pasha::try_map_in(&pasha::SerialContext::new(), &text, |_, _, number| {
    ///     number.parse::<i32>()
    /// });
    /// let Err(Error::Item(failure)) = error else { panic!("`two` is no number in digits") };
    /// assert!(matches!(failure.cause(), pasha::Cause::Refused { .. }));
    /// ```
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What happened, without how far the map had come and what to do: for lists of failures.
    pub(super) fn brief(&self) -> String {
        let index = self.index;
        let worker = &describe::worker(self.worker_id, self.host());
        match &self.cause {
            Cause::Refused { message } => describe::kernel(index, worker, message),
            Cause::Panic { message, location } => {
                describe::panic(index, worker, message, location.as_deref())
            }
            Cause::Died { signal, status, detail } => {
                describe::death_at(index, worker, *signal, *status, detail.as_deref())
            }
            Cause::TimedOut { limit } => describe::late(index, worker, *limit),
            Cause::Deadlock => describe::deadlock(index, worker),
            Cause::Source(source) => describe::source(index, worker, source),
        }
    }

    /// What to do about it.
    fn advice(&self) -> &'static str {
        match self.cause {
            Cause::Refused { .. } | Cause::Panic { .. } | Cause::Source(_) => describe::SKIP,
            Cause::Died { .. } => describe::DEBUG,
            Cause::TimedOut { .. } => describe::ALLOW_MORE,
            Cause::Deadlock => describe::MAKE_ANEW,
        }
    }
}

impl fmt::Display for ItemFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.brief())?;
        f.write_str(&describe::tries(self.attempts))?;
        match self.is_left_out {
            true => Ok(()),
            false => f.write_str(&describe::how_far(self.finished, self.len, self.advice())),
        }
    }
}

impl fmt::Debug for ItemFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for ItemFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Cause::Source(source) => Some(&**source),
            _ => None,
        }
    }
}
