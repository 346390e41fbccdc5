//! Progress of a map, watched from outside: a thread of the caller's looks at the worker table.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, HumanCount, HumanDuration};

use super::ticking::{OnPanic, at_intervals};

/// How far a map is.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use pasha::{Progress, SerialContext};
///
/// let hook = |progress: Progress| {
///     // 1,200 of 5,000 items (24 %), 311.2/s, 622.40 MB/s, 12 seconds left
///     println!("{progress}");
///     assert!(progress.finished <= progress.len);
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
    /// Number of items, without those that are absent or left out by a mask.
    pub len: usize,
    /// Number of items that failed and that the map goes on without.
    pub failed: usize,
    /// Time since the map began.
    pub elapsed: Duration,
    /// Number of items that were finished before the map began, as one that resumes finds them.
    pub(super) before: usize,
    /// Bytes of the items of one index, where they are known.
    pub(super) item_bytes: Option<usize>,
    /// Whether the map has ended.
    pub(super) is_last: bool,
}

impl Progress {
    /// Of a map that runs, and began with nothing finished.
    pub(crate) fn of(
        finished: usize,
        len: usize,
        failed: usize,
        elapsed: Duration,
        item_bytes: Option<usize>,
    ) -> Progress {
        Progress { finished, len, failed, elapsed, before: 0, item_bytes, is_last: false }
    }

    /// Items finished in each second of this map; `None` before the first.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let context = pasha::SerialContext::new().on_progress(Duration::from_secs(1), |progress| {
    ///     if let Some(rate) = progress.per_second() {
    ///         println!("{rate:.0} frames/s");
    ///     }
    /// });
    /// # pasha::map_in(&context, 0..100, |_, _, frame| frame)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn per_second(&self) -> Option<f64> {
        let done = self.finished.saturating_sub(self.before);
        let seconds = self.elapsed.as_secs_f64();
        (done > 0 && seconds > 0.0).then(|| done as f64 / seconds)
    }

    /// Bytes of items in each second of this map, as the kernel gets them; `None` before the first,
    /// and where they are not known.
    ///
    /// They are known of items that are arrays whose shape their source tells beforehand, as frames
    /// of an array or a file.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let context = pasha::SerialContext::new().on_progress(Duration::from_secs(1), |progress| {
    ///     if let Some(rate) = progress.bytes_per_second() {
    ///         println!("{:.1} GB/s", rate / 1e9);
    ///     }
    /// });
    /// let frames = ndarray::Array3::<u16>::ones((100, 64, 128));
    /// pasha::map_in(&context, &frames, |_, _, frame| frame.sum())?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn bytes_per_second(&self) -> Option<f64> {
        Some(self.per_second()? * self.item_bytes? as f64)
    }

    /// The time that the rest will take at the rate of this map so far; `None` before the first
    /// item.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let context = pasha::SerialContext::new().on_progress(Duration::from_secs(1), |progress| {
    ///     println!("{:?} left", progress.time_left());
    /// });
    /// # pasha::map_in(&context, 0..100, |_, _, frame| frame)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn time_left(&self) -> Option<Duration> {
        let left = self.len.saturating_sub(self.finished);
        Duration::try_from_secs_f64(left as f64 / self.per_second()?).ok()
    }
}

impl fmt::Display for Progress {
    /// `1,200 of 5,000 items (24 %), 311.2/s, 622.40 MB/s, 12 seconds left, 3 failed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (finished, len) = (HumanCount(self.finished as u64), HumanCount(self.len as u64));
        let percent = self.finished as u128 * 100 / (self.len.max(1) as u128);
        write!(f, "{finished} of {len} items ({percent} %)")?;
        if let Some(rate) = self.per_second() {
            write!(f, ", {rate:.1}/s")?;
        }
        if let Some(rate) = self.bytes_per_second() {
            write!(f, ", {}/s", DecimalBytes(rate as u64))?;
        }
        if let Some(left) = self.time_left().filter(|_| self.finished < self.len) {
            write!(f, ", {} left", HumanDuration(left))?;
        }
        match self.failed {
            0 => Ok(()),
            failed => write!(f, ", {} failed", HumanCount(failed as u64)),
        }
    }
}

/// Whom to tell about progress, and how often.
#[derive(Clone)]
pub(crate) struct Watch {
    every: Duration,
    /// Made anew for each map, since several may run at once.
    begin: Arc<dyn Fn(usize) -> Teller + Send + Sync>,
}

/// What is called with the progress of one map.
pub(super) type Teller = Box<dyn FnMut(Progress) + Send>;

impl Watch {
    /// Calls a function.
    pub(crate) fn hook(every: Duration, hook: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        let hook = Arc::new(hook);
        let begin = move |_len| -> Teller {
            let hook = Arc::clone(&hook);
            Box::new(move |progress| hook(progress))
        };
        Watch::new(every, begin)
    }

    /// Tells what `begin` gives for a map over so many items.
    pub(super) fn new(
        every: Duration,
        begin: impl Fn(usize) -> Teller + Send + Sync + 'static,
    ) -> Self {
        Watch { every, begin: Arc::new(begin) }
    }

    /// Runs a map while a thread asks, and tells, how far it is; the last word comes
    /// after its end. `counts` gives how many items are finished and how many have failed, and
    /// `item_bytes` is what each has, where that is known; `stop` ends the map if whoever is told
    /// panics.
    pub(crate) fn during<T>(
        &self,
        len: usize,
        item_bytes: Option<usize>,
        counts: impl Fn() -> (usize, usize) + Sync,
        stop: impl Fn() + Sync,
        run: impl FnOnce() -> T,
    ) -> T {
        let (start, counts) = (Instant::now(), &counts);
        let (before, _) = counts();
        let mut tell = (self.begin)(len);
        let mut tell = move |is_last| {
            let (finished, failed) = counts();
            // What had to be done over again was counted twice.
            let finished = finished.min(len);
            let elapsed = start.elapsed();
            tell(Progress { finished, len, failed, elapsed, before, item_bytes, is_last });
        };
        // The last word comes after the end.
        let tick = |has_ended| {
            let _ends = OnPanic(&stop);
            tell(has_ended);
            ControlFlow::Continue(())
        };
        at_intervals(self.every, "pasha-progress", tick, run)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {:?}", self.every)
    }
}
