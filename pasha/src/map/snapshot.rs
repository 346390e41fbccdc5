//! The outputs of a map while it runs, and who looks at them.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::job::board::{BITS, Stop};
use crate::job::work::MapState;
use crate::options::Progress;
use crate::options::ticking::{OnPanic, at_intervals};
use crate::report::FailedItem;

/// The outputs of a map while it runs, as far as items are finished.
///
/// A kernel's `run_live_in` and [`BoundKernel::run_live_in`](crate::BoundKernel::run_live_in) show
/// one from time to time. `T` is what the map gives in the end.
///
/// # Examples
/// ```
/// use std::ops::ControlFlow;
/// use std::time::Duration;
///
/// use ndarray::ArrayViewMut1;
/// use pasha::{Snapshot, ThreadContext};
///
/// /// Adds up what is seen in ten channels.
/// #[pasha::kernel]
/// fn spectrum(channel: usize, #[reduce(sum, shape = 10)] mut counts: ArrayViewMut1<u64>) {
///     counts[channel % 10] += 1;
/// }
///
/// let (context, every) = (ThreadContext::new(2)?, Duration::from_millis(1));
/// let counts = spectrum::run_live_in(&context, 0..1_000_000, every, |snapshot| {
///     let seen = (0..1_000_000).filter(|&index| snapshot.is_finished(index)).count();
///     assert_eq!(snapshot.out().sum(), seen as u64); // of the finished items, and of no others
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(counts.sum(), 1_000_000);
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct Snapshot<'s, T> {
    pub(super) out: &'s T,
    /// A bit for each item.
    pub(super) finished: &'s [u64],
    pub(super) progress: Progress,
    pub(super) failed: Vec<FailedItem>,
}

impl<T> Snapshot<'_, T> {
    /// The outputs: slots of items that are not finished hold the fill value, and what is reduced
    /// or belongs to a worker has the finished items alone.
    ///
    /// A copy, which the next look writes over: keep what is to last by cloning it.
    ///
    /// # Examples
    /// ```
    /// use std::ops::ControlFlow::Continue;
    /// use std::time::Duration;
    ///
    /// #[pasha::kernel]
    /// fn square(n: f64) -> f64 { n * n }
    ///
    /// let every = Duration::from_millis(10);
    /// square::run_live_in(&pasha::SerialContext::new(), &[1.0, 2.0], every, |snapshot| {
    ///     println!("{}", snapshot.out()); // [1, 0] after the first item
    ///     Continue(())
    /// })?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn out(&self) -> &T {
        self.out
    }

    /// Whether the item of this index is finished and its slots are in [`out`](Self::out), for
    /// good; `false` for an index that the map does not have. Of one that has no item, because a
    /// mask leaves it out, it says whether the workers have come past it.
    ///
    /// # Examples
    /// ```
    /// use std::ops::ControlFlow::Continue;
    /// use std::time::Duration;
    ///
    /// #[pasha::kernel]
    /// fn square(n: f64) -> f64 { n * n }
    ///
    /// let every = Duration::from_millis(10);
    /// square::run_live_in(&pasha::SerialContext::new(), &[1.0, 2.0], every, |snapshot| {
    ///     if snapshot.is_finished(1) {
    ///         assert_eq!(snapshot.out()[1], 4.0);
    ///     }
    ///     Continue(())
    /// })?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn is_finished(&self, index: usize) -> bool {
        self.finished.get(index / BITS).is_some_and(|word| word >> (index % BITS) & 1 == 1)
    }

    /// How far the map is: counts the items whose slots are in [`out`](Self::out).
    ///
    /// # Examples
    /// ```
    /// use std::ops::ControlFlow::Continue;
    /// use std::time::Duration;
    ///
    /// #[pasha::kernel]
    /// fn square(n: f64) -> f64 { n * n }
    ///
    /// let every = Duration::from_millis(10);
    /// square::run_live_in(&pasha::SerialContext::new(), &[1.0, 2.0], every, |snapshot| {
    ///     println!("{}", snapshot.progress());
    ///     Continue(())
    /// })?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The items that failed and that the map goes on without, by index, each with its cause.
    ///
    /// # Examples
    /// ```
    /// use std::ops::ControlFlow::Continue;
    /// use std::time::Duration;
    ///
    /// use pasha::{OnFailure, SerialContext};
    ///
    /// #[pasha::kernel]
    /// fn root(n: f64) -> Result<f64, &'static str> {
    ///     if n < 0.0 { Err("negative") } else { Ok(n.sqrt()) }
    /// }
    ///
    /// let context = SerialContext::new().on_failure(OnFailure::Skip { at_most: 1 });
    /// root::run_live_in(&context, &[4.0, -1.0], Duration::from_millis(10), |snapshot| {
    ///     snapshot.failed().iter().for_each(|failed| eprintln!("{}", failed.cause));
    ///     Continue(())
    /// })?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn failed(&self) -> &[FailedItem] {
        &self.failed
    }
}

impl<T> fmt::Debug for Snapshot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("progress", &self.progress)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// What looks at the outputs of a map while it runs: a function of the user's, on a thread of its
/// own.
pub trait Look<T>: FnMut(&Snapshot<'_, T>) -> ControlFlow<()> + Send {}

impl<T, F: FnMut(&Snapshot<'_, T>) -> ControlFlow<()> + Send> Look<T> for F {}

/// Who looks at a map while it runs, and how often.
pub(super) struct LiveLook<'l> {
    pub(super) every: Duration,
    pub(super) look: &'l mut (dyn FnMut(&MapState<'_>) -> ControlFlow<()> + Send),
}

impl LiveLook<'_> {
    /// Runs a map and lets it be looked at meanwhile.
    pub(super) fn during<T>(self, state: &MapState<'_>, run: impl FnOnce() -> T) -> T {
        let stop = || state.table.stop(Stop::Cancelled);
        let tick = |has_ended: bool| {
            let _ends = OnPanic(stop);
            match has_ended || (self.look)(state).is_continue() {
                true => ControlFlow::Continue(()),
                false => {
                    stop();
                    ControlFlow::Break(())
                }
            }
        };
        at_intervals(self.every, "pasha-live", tick, run)
    }
}
