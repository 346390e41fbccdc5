//! Progress of a map, watched from outside: a thread of the caller's looks at the worker table.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How far a map is.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use pasha::{Progress, SerialContext};
///
/// let hook = |Progress { finished, len, elapsed, .. }: Progress| {
///     println!("{finished} of {len} frames after {elapsed:.1?}");
///     assert!(finished <= len);
/// };
/// let context = SerialContext::new().on_progress(Duration::from_secs(1), hook);
/// pasha::map_in(&context, 0..100, |_, _, frame| frame)?;
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Number of finished items.
    pub finished: usize,
    /// Number of items.
    pub len: usize,
    /// Time since the map began.
    pub elapsed: Duration,
}

/// Whom to tell about progress, and how often.
#[derive(Clone)]
pub(crate) struct Watch {
    every: Duration,
    /// Made anew for each map, since several may run at once.
    begin: Arc<dyn Fn(usize) -> Teller + Send + Sync>,
}

/// What is called with the progress of one map.
type Teller = Box<dyn FnMut(Progress) + Send>;

impl Watch {
    /// Calls a function.
    pub(crate) fn hook(every: Duration, hook: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        let hook = Arc::new(hook);
        let begin = move |_len| -> Teller {
            let hook = Arc::clone(&hook);
            Box::new(move |progress| hook(progress))
        };
        Watch { every, begin: Arc::new(begin) }
    }

    /// Draws a bar on the standard error output, if that is a terminal.
    pub(crate) fn bar() -> Self {
        let begin = |len: usize| -> Teller {
            let bar = ProgressBar::new(len as u64);
            let style = "{wide_bar} {human_pos}/{human_len} items, {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            Box::new(move |progress| {
                bar.set_position(progress.finished as u64);
                if progress.finished == progress.len {
                    bar.finish_and_clear();
                }
            })
        };
        Watch { every: Duration::from_millis(100), begin: Arc::new(begin) }
    }

    /// Runs a map while a thread asks, and tells, how far it is; the last word comes
    /// after its end.
    pub(crate) fn during<T>(
        &self,
        len: usize,
        finished: impl Fn() -> usize + Sync,
        run: impl FnOnce() -> T,
    ) -> T {
        // What had to be done over again was counted twice.
        let finished = || finished().min(len);
        let start = Instant::now();
        let mut tell = (self.begin)(len);
        let mut tell = move |finished| tell(Progress { finished, len, elapsed: start.elapsed() });
        let ended = Ended::default();
        std::thread::scope(|scope| {
            let watcher = std::thread::Builder::new().name("pasha-progress".to_owned());
            // Without a thread there is no progress to be seen, but the map is run all the same.
            let watcher = watcher.spawn_scoped(scope, || {
                while !ended.wait(self.every) {
                    tell(finished());
                }
                tell(finished());
            });
            // Also if the context panics: the scope waits for the watcher.
            let end = EndOnDrop(&ended);
            let outcome = run();
            drop(end);
            // A panic of the user's function goes on as it is; the scope would replace its text.
            if let Ok(Err(payload)) = watcher.map(ScopedJoinHandle::join) {
                std::panic::resume_unwind(payload);
            }
            outcome
        })
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {:?}", self.every)
    }
}

/// Whether the map has ended.
#[derive(Default)]
struct Ended {
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Ended {
    /// Waits for the end, but no longer than this.
    fn wait(&self, at_most: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(ended, at_most, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

struct EndOnDrop<'e>(&'e Ended);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        *self.0.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}
