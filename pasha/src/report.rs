//! What happened during a map, for the caller who asks: `run_report`.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::memory::HugePageCounts;
use crate::timeline::Timeline;

/// What happened during a map that came to its end.
///
/// It comes with the outputs from `run_report` and its relatives. Its `Display` is a text of a
/// few lines for people.
///
/// # Examples
/// ```
/// /// Doubles.
/// #[pasha::kernel]
/// fn double(value: f64) -> f64 { 2.0 * value }
///
/// let (out, report) = double::run_report(&[1.0, 2.0, 3.0])?;
/// assert_eq!(out.sum(), 12.0);
/// assert_eq!((report.finished, report.failed.len()), (3, 0));
/// println!("{report}");
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// Number of items.
    pub len: usize,
    /// Number of items that this map finished.
    pub finished: usize,
    /// Number of items that an earlier run of the same job had finished; see `resume`.
    pub resumed: usize,
    /// Number of items without data, such as trains that a detector has missed, and of those that a
    /// [mask](crate::masked) leaves out: the kernel was not called for them, and their slots have
    /// the fill value. They count as finished.
    pub absent: usize,
    /// The items that failed and were left out, in the order of their indices.
    pub failed: Vec<FailedItem>,
    /// How often an item was run again after it had failed.
    pub retried: usize,
    /// How often a worker that had died, or come to the end of its
    /// [`worker_lifespan`](crate::ContextOptions::worker_lifespan), was replaced.
    pub replaced: usize,
    /// How long the map took, without the allocation of outputs.
    pub wall_time: Duration,
    /// What each worker did.
    pub workers: Vec<WorkerReport>,
    /// The most memory that this process or one of the workers has had resident, in bytes.
    ///
    /// It counts pages that processes share in each of them, and is what the operating system
    /// remembers: for this process the most since its start.
    pub peak_memory: usize,
    /// What came of asking for huge pages for outputs that were written for the first time.
    pub huge_pages: HugePages,
    /// What slowed the map down and can be mended, with the cure; each is told once, by the first
    /// map that comes to its end. So far it is workers of an `MpiContext` that are bound to fewer
    /// processors.
    pub warnings: Vec<String>,
    pub(crate) timeline: Option<Box<Timeline>>,
}

impl Report {
    /// What each worker did when, in a context with
    /// [`timeline(true)`](crate::ContextOptions::timeline); over several machines at rank 0 alone.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::ThreadContext::new(2)?.timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// println!("{timeline}");
    ///
    /// let context = pasha::ThreadContext::new(2)?;
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// assert!(report.timeline().is_none());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn timeline(&self) -> Option<&Timeline> {
        self.timeline.as_deref()
    }

    /// Takes note that the caller has its outputs, and writes the timeline into a file that was
    /// asked for by word.
    pub(crate) fn finish_timeline(&mut self, file: Option<&Path>) {
        if let Some(timeline) = &mut self.timeline {
            timeline.finish(file);
        }
    }
}

/// What came of asking for huge pages, of 2 MiB, for new outputs in memory that processes share.
///
/// Private memory, that of threads, gets them without asking for each.
///
/// # Examples
/// ```
/// use pasha::ProcessContext;
///
/// let context = ProcessContext::new(2)?;
/// let (_, report) = pasha::map_report_in(&context, 0..1_000_000, |_, index, _| index as f64)?;
/// let pages = report.huge_pages;
/// assert_eq!(pages.errno.is_some(), pages.refused > 0);
/// println!("{} huge pages, {} were refused", pages.made, pages.refused);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HugePages {
    /// Number of huge pages that were made.
    pub made: usize,
    /// Number of those that the operating system refused; outputs have small pages there.
    pub refused: usize,
    /// Why it refused the last of them, as an error number (`errno`).
    pub errno: Option<i32>,
}

impl HugePages {
    pub(crate) fn of(counts: HugePageCounts) -> Self {
        let HugePageCounts { made, refused, errno } = counts;
        HugePages { made, refused, errno: (refused > 0).then_some(errno) }
    }
}

/// An item that failed and was left out.
///
/// # Examples
/// ```
/// use pasha::{OnFailure, SerialContext};
///
/// let context = SerialContext::new().on_failure(OnFailure::Skip { at_most: 10 });
/// let lines = ["12.5", "beam lost", "13"];
/// let (_, report) =
///     pasha::try_map_report_in(&context, &lines, |_, _, line| line.parse::<f64>())?;
/// let failed = &report.failed[0];
/// assert_eq!(failed.index, 1);
/// assert!(failed.cause.to_string().contains("invalid float literal"));
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedItem {
    /// Index of the item.
    pub index: usize,
    /// Why it failed, the last time that it was tried.
    pub cause: Error,
}

/// What one worker did during a map.
///
/// # Examples
/// ```
/// use pasha::ThreadContext;
///
/// let context = ThreadContext::new(2)?.static_split();
/// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
/// let [first, second] = &report.workers[..] else { panic!("there are two workers") };
/// assert_eq!((first.worker_id, first.finished), (0, 50));
/// assert_eq!((second.worker_id, second.finished), (1, 50));
/// assert!(first.busy <= report.wall_time);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerReport {
    /// The worker's number.
    pub worker_id: usize,
    /// Number of items that it finished, with those that it had to do over again.
    pub finished: usize,
    /// Number of shares that it claimed, or was given.
    pub shares: usize,
    /// The time that it spent with items, those that failed included.
    pub busy: Duration,
    /// How often it was replaced, after it had died or come to the end of its
    /// [`worker_lifespan`](crate::ContextOptions::worker_lifespan).
    pub replaced: usize,
    /// The most memory that it had resident, in bytes, with what it shares; `None` of a thread,
    /// and of a process that was killed.
    pub peak_memory: Option<usize>,
}

/// At most this many failures are listed in the text.
const LISTED_FAILURES: usize = 10;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of some indices there is nothing to be finished, and those are counted, too.
        let counted = if self.absent > 0 { "indices" } else { "items" };
        write!(
            f,
            "{} of {} {counted} finished in {:.3?}",
            self.finished, self.len, self.wall_time
        )?;
        if self.resumed > 0 {
            write!(f, ", {} were finished before", self.resumed)?;
        }
        if self.absent > 0 {
            write!(f, ", {} without data or left out by a mask", self.absent)?;
        }
        write!(f, "; failed: {}, tried again: {}", self.failed.len(), self.retried)?;
        write!(f, ", replaced workers: {}; ", self.replaced)?;
        write!(f, "peak memory {:.1} MiB", self.peak_memory as f64 / f64::from(1 << 20))?;
        let HugePages { made, refused, errno } = self.huge_pages;
        if made > 0 || refused > 0 {
            write!(f, ", {made} huge pages")?;
        }
        if let Some(errno) = errno {
            let reason = std::io::Error::from_raw_os_error(errno);
            write!(f, " ({refused} refused: {reason})")?;
        }
        for worker in &self.workers {
            let share = worker.busy.as_secs_f64() / self.wall_time.as_secs_f64().max(1e-9);
            let WorkerReport { worker_id, finished, shares, .. } = worker;
            write!(f, "\nworker {worker_id}: {finished} items in {shares} shares, ")?;
            write!(f, "busy {:.3?} ({:.0} %)", worker.busy, 100.0 * share)?;
            if let Some(bytes) = worker.peak_memory {
                write!(f, ", at most {:.1} MiB", bytes as f64 / f64::from(1 << 20))?;
            }
            if worker.replaced > 0 {
                match worker.replaced {
                    1 => write!(f, ", replaced once")?,
                    times => write!(f, ", replaced {times} times")?,
                }
            }
        }
        if let Some(reason) = self.timeline().and_then(Timeline::unwritten) {
            write!(f, "\n{reason}")?;
        }
        for warning in &self.warnings {
            write!(f, "\nwarning: {warning}")?;
        }
        for failed in self.failed.iter().take(LISTED_FAILURES) {
            write!(f, "\n{}", failed.cause.brief())?;
        }
        if self.failed.len() > LISTED_FAILURES {
            write!(f, "\nand {} more failed", self.failed.len() - LISTED_FAILURES)?;
        }
        Ok(())
    }
}
