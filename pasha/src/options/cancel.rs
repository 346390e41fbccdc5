//! Cancelling a map from outside.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};

use crate::files::above_standard;

/// Stops maps from another thread or from a signal handler.
///
/// Give it to a context with `cancel_token`, keep a clone, and call [`cancel`](Self::cancel): maps
/// of that context end with [`Error::Cancelled`](crate::Error::Cancelled) when each worker has
/// ended its item, and what is finished is in the outputs given to `run_into`. A token that is
/// cancelled stays so: later maps of the context end before they begin.
///
/// # Examples
/// ```
/// use pasha::{CancelToken, Error, ProcessContext};
///
/// let token = CancelToken::new();
/// let context = ProcessContext::new(2)?.cancel_token(&token);
/// token.cancel();
/// let error = pasha::map_in(&context, 0..1000_u64, |_, _, n| n).unwrap_err();
/// assert!(matches!(error, Error::Cancelled { .. }));
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<CancelState>);

#[derive(Default)]
struct CancelState {
    cancelled: AtomicBool,
    /// Becomes readable when the token is cancelled: what a thread that waits for forked workers
    /// waits for as well. Made when the first such thread needs it.
    wake: OnceLock<OwnedFd>,
    /// Whether something else has cancelled it that nobody tells it of.
    ask: Option<Ask>,
}

/// Says whether a token is cancelled; called by every thread that looks at the token.
type Ask = Box<dyn Fn() -> bool + Send + Sync>;

/// How often a thread that waits looks at a token that asks.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(10);

impl CancelToken {
    /// A token that is not cancelled.
    ///
    /// # Examples
    /// ```
    /// let token = pasha::CancelToken::new();
    /// assert!(!token.is_cancelled());
    /// ```
    pub fn new() -> Self {
        CancelToken::default()
    }

    /// Stops the maps of all contexts that have this token.
    ///
    /// It only sets a flag and writes to a file descriptor, so a signal handler may call it.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::{CancelToken, Error, ProcessContext};
    ///
    /// let token = CancelToken::new();
    /// let context = ProcessContext::new(2)?.cancel_token(&token);
    /// let outcome = std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         std::thread::sleep(Duration::from_millis(50));
    ///         token.cancel();
    ///     });
    ///     pasha::map_in(&context, 0..100_000, |_, _, frame: i32| {
    ///         std::thread::sleep(Duration::from_millis(1));
    ///         frame
    ///     })
    /// });
    /// assert!(matches!(outcome, Err(Error::Cancelled { .. })));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn cancel(&self) {
        // Before the look at `wake`: whoever makes that looks at this afterwards.
        self.0.cancelled.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if let Some(wake) = self.0.wake.get() {
            // It can't fail but for a counter that is full, and then it is readable already.
            let _ = rustix::io::write(wake, &1_u64.to_ne_bytes());
        }
    }

    /// Whether the token is cancelled.
    ///
    /// # Examples
    /// ```
    /// let token = pasha::CancelToken::new();
    /// let of_another_thread = token.clone();
    /// token.cancel();
    /// assert!(of_another_thread.is_cancelled());
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.was_cancelled() || self.asks()
    }

    /// Whether it was cancelled before: nobody is [asked](Self::asking).
    #[inline]
    pub(crate) fn was_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    fn asks(&self) -> bool {
        let is_cancelled = self.0.ask.as_ref().is_some_and(|ask| ask());
        if is_cancelled {
            self.cancel();
        }
        is_cancelled
    }

    /// A token that is cancelled once this says so, which is asked whenever a thread looks at the
    /// token. Forked workers are then ended in the middle of their items.
    #[doc(hidden)]
    pub fn asking(ask: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        CancelToken(Arc::new(CancelState { ask: Some(Box::new(ask)), ..CancelState::default() }))
    }

    /// How long a thread that waits may leave the token alone, if that is limited.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.0.ask.as_ref().map(|_| BETWEEN_QUESTIONS)
    }

    /// What becomes readable when the token is cancelled.
    ///
    /// # Errors
    /// If the process can't open another file.
    pub(crate) fn wake(&self) -> rustix::io::Result<BorrowedFd<'_>> {
        if let Some(wake) = self.0.wake.get() {
            return Ok(wake.as_fd());
        }
        let made = above_standard(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)?;
        // Another thread may have been faster; then this one is closed again.
        let wake = self.0.wake.get_or_init(|| made);
        // With the fence in `cancel`: one of the two sees what the other has done.
        fence(Ordering::SeqCst);
        if self.is_cancelled() {
            let _ = rustix::io::write(wake, &1_u64.to_ne_bytes());
        }
        Ok(wake.as_fd())
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};

    fn is_readable(token: &CancelToken) -> bool {
        let wake = token.wake().unwrap();
        let none = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::from_borrowed_fd(wake, PollFlags::IN)], Some(&none)).unwrap() == 1
    }

    #[test]
    fn cancelling_wakes_whoever_waits_before_or_after() {
        let token = CancelToken::new();
        assert!(!is_readable(&token) && !token.is_cancelled());
        token.clone().cancel();
        assert!(is_readable(&token) && token.is_cancelled());

        let token = CancelToken::new();
        token.cancel();
        assert!(is_readable(&token));
    }
}
