//! What a worker did for a while.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// What a worker was doing.
///
/// # Examples
/// ```
/// use pasha::{SpanKind, ThreadContext};
///
/// let context = ThreadContext::new(2)?.timeline(true);
/// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
/// let timeline = report.timeline().unwrap();
/// let waits = timeline.spans().filter(|span| span.kind() == SpanKind::Waiting);
/// assert_eq!(waits.count(), 0); // only workers on several machines wait for items
/// assert_eq!(SpanKind::FirstWrite.to_string(), "first write");
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SpanKind {
    /// Until its thread or process ran; also the one that takes the place of a dead worker.
    Starting = 1,
    /// `on_worker_start` or `on_worker_end`.
    Hook,
    /// Opening its readers of the items.
    Opening,
    /// Making its scratch.
    Scratch,
    /// Claiming a share, and what comes between shares.
    Claiming,
    /// Preparing to read the share that it has claimed.
    Preparing,
    /// Reading items, calling the kernel with them, storing what it returns.
    Items,
    /// Copying its accumulators, to go back to them after a failure.
    Checkpoint,
    /// Merging what it has accumulated with what others have, where reductions are reproducible.
    Merging,
    /// Having the operating system make the pages of an output that is written for the first time.
    FirstWrite,
    /// Waiting for items, in a map over several machines.
    Waiting,
    /// Closing its readers and dropping its scratch.
    Closing,
    /// Ending its process.
    Leaving,
}

impl SpanKind {
    pub(crate) const ALL: [SpanKind; 13] = [
        SpanKind::Starting,
        SpanKind::Hook,
        SpanKind::Opening,
        SpanKind::Scratch,
        SpanKind::Claiming,
        SpanKind::Preparing,
        SpanKind::Items,
        SpanKind::Checkpoint,
        SpanKind::Merging,
        SpanKind::FirstWrite,
        SpanKind::Waiting,
        SpanKind::Closing,
        SpanKind::Leaving,
    ];

    /// The kind of this number.
    pub(crate) fn of(number: u64) -> Option<SpanKind> {
        SpanKind::ALL.into_iter().find(|&kind| kind as u64 == number)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            SpanKind::Starting => "starting",
            SpanKind::Hook => "hook",
            SpanKind::Opening => "opening readers",
            SpanKind::Scratch => "making scratch",
            SpanKind::Claiming => "claiming",
            SpanKind::Preparing => "preparing to read",
            SpanKind::Items => "items",
            SpanKind::Checkpoint => "checkpoint",
            SpanKind::Merging => "merging",
            SpanKind::FirstWrite => "first write",
            SpanKind::Waiting => "waiting",
            SpanKind::Closing => "closing",
            SpanKind::Leaving => "leaving",
        }
    }
}

impl fmt::Display for SpanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one worker did for a while: it ran an item or a block of items, or did something between
/// them.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use pasha::{SerialContext, SpanKind};
///
/// let context = SerialContext::new().timeline(true);
/// let (_, report) = pasha::map_report_in(&context, 0..100, |_, index, _| {
///     std::thread::sleep(Duration::from_millis(if index == 42 { 20 } else { 0 }));
///     index
/// })?;
/// let slowest = report.timeline().unwrap().slowest(1)[0];
/// assert!(slowest.indices().contains(&42));
/// assert!(slowest.duration() >= Duration::from_millis(20));
/// assert_eq!((slowest.worker_id(), slowest.kind()), (0, SpanKind::Items));
/// println!("{slowest}"); // item 42: 20.1ms on worker 0
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub(crate) worker_id: usize,
    pub(crate) kind: SpanKind,
    /// In nanoseconds since the map began.
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) first: usize,
    /// The index behind the last.
    pub(crate) until: usize,
    pub(crate) is_failed: bool,
    pub(crate) is_retry: bool,
    /// The number of spans that it was made of.
    pub(crate) parts: u32,
    /// Nanoseconds of it that were spent with items.
    pub(crate) busy: u64,
}

impl Span {
    /// The worker's number, counted over all machines where there are several.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// assert!(timeline.spans().all(|span| span.worker_id() == 0));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn worker_id(&self) -> usize {
        self.worker_id
    }

    /// What the worker was doing; of [merged](Self::parts) spans what took most of the time.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// let first = timeline.spans().next().unwrap();
    /// assert_eq!(first.kind(), pasha::SpanKind::Starting);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn kind(&self) -> SpanKind {
        self.kind
    }

    /// The indices of the items that it ran; none where it did something else.
    ///
    /// Where items take longer than about 0.1 ms each is a span of its own. Quicker ones are run by
    /// the block, and blocks told together that take less than 0.1 ms together. So a slow item is
    /// told with its block, but for the slowest of a block where items are timed
    /// ([`item_timeout`](crate::ContextOptions::item_timeout)), which is told alone. Of
    /// [merged](Self::parts) spans these are the lowest to the highest; other workers may have run
    /// some between.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// let items: usize = timeline.spans().map(|span| span.indices().len()).sum();
    /// assert_eq!(items, 100);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn indices(&self) -> Range<usize> {
        self.first..self.until
    }

    /// When it began, since the map began.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// assert!(timeline.spans().next().unwrap().begin().is_zero());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn begin(&self) -> Duration {
        Duration::from_nanos(self.begin)
    }

    /// When it ended, since the map began.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// assert!(timeline.spans().all(|span| span.end() <= report.wall_time));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn end(&self) -> Duration {
        Duration::from_nanos(self.end)
    }

    /// How long it took.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// assert!(timeline.spans().all(|span| span.duration() == span.end() - span.begin()));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.took())
    }

    /// Whether it ended in a failure: of its last item, if it has items.
    ///
    /// # Examples
    /// ```
    /// use pasha::{OnFailure, SerialContext};
    ///
    /// let policy = OnFailure::Retry { times: 1, then: pasha::AfterRetries::Skip { at_most: 1 } };
    /// let context = SerialContext::new().timeline(true).on_failure(policy);
    /// let lines = ["12.5", "beam lost", "13"];
    /// let (_, report) =
    ///     pasha::try_map_report_in(&context, &lines, |_, _, line| line.parse::<f64>())?;
    /// let timeline = report.timeline().unwrap();
    /// let failed: Vec<_> = timeline.spans().filter(|span| span.is_failed()).collect();
    /// assert_eq!(failed.len(), 2); // it was tried twice
    /// assert_eq!(failed[1].indices(), 1..2);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn is_failed(&self) -> bool {
        self.is_failed
    }

    /// Whether its item had failed before, in another span. Items that are run once more because
    /// of the failure of another are not meant: those that a worker's accumulators had lost.
    ///
    /// # Examples
    /// ```
    /// use pasha::{OnFailure, SerialContext};
    ///
    /// let policy = OnFailure::Retry { times: 1, then: pasha::AfterRetries::Skip { at_most: 1 } };
    /// let context = SerialContext::new().timeline(true).on_failure(policy);
    /// let lines = ["12.5", "beam lost", "13"];
    /// let (_, report) =
    ///     pasha::try_map_report_in(&context, &lines, |_, _, line| line.parse::<f64>())?;
    /// let timeline = report.timeline().unwrap();
    /// let retry = timeline.spans().find(|span| span.is_retry()).unwrap();
    /// assert_eq!((retry.indices(), retry.is_failed()), (1..2, true));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn is_retry(&self) -> bool {
        self.is_retry
    }

    /// The number of spans that this one was made of: 1, or more where there was no room for each.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// assert!(timeline.spans().all(|span| span.parts() == 1));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn parts(&self) -> usize {
        self.parts as usize
    }

    pub(crate) fn took(&self) -> u64 {
        self.end.saturating_sub(self.begin)
    }

    /// Whether it tells of an item or a block as it was run.
    pub(super) fn is_of_items(&self) -> bool {
        self.kind == SpanKind::Items && self.parts == 1
    }

    /// What it was, in a few words.
    pub(super) fn name(&self) -> String {
        let Span { kind, first, until, .. } = *self;
        match kind {
            SpanKind::Items if until == first + 1 => format!("item {first}"),
            SpanKind::Items => format!("items {first}..{until}"),
            kind => kind.name().to_owned(),
        }
    }

    /// What is to be said of it besides, as an end of a text.
    pub(super) fn remark(&self) -> String {
        let mut remark = String::from(if self.is_retry { ", tried again" } else { "" });
        if self.is_failed {
            match self.indices().len() {
                0 | 1 => remark += ", failed",
                // What came behind it in the block was not begun.
                _ => remark += &format!(", item {} failed", self.until - 1),
            }
        }
        remark
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, took, remark) = (self.name(), self.duration(), self.remark());
        write!(f, "{name}: {took:.3?} on worker {}{remark}", self.worker_id)
    }
}
