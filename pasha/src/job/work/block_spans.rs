//! The spans of a timeline that a worker's blocks belong to.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::job::board::Recorder;

/// Quick blocks that follow each other are one span for so long. What is written down for a span
/// misses the caches, which a quick kernel fills with its items: for each block it would take up to
/// a hundredth of the block's time.
const LONGEST: Duration = Duration::from_micros(500);
/// A block that took longer than this, as one with a slow item does, has a span of its own.
const QUICK: Duration = Duration::from_micros(100);

/// What the timeline has of the blocks that a worker runs one after the other.
#[derive(Debug)]
pub(super) struct BlockSpans {
    /// The last span that was written down, if the next block may belong to it.
    open: Option<OpenSpan>,
    /// Whether the block that runs goes on with that span, and when it began.
    goes_on: bool,
    begun: Instant,
}

#[derive(Clone, Copy, Debug)]
struct OpenSpan {
    begun: Instant,
    /// The index before which the last block of the span ended.
    until: usize,
}

impl BlockSpans {
    pub(super) fn new(now: Instant) -> BlockSpans {
        BlockSpans { open: None, goes_on: false, begun: now }
    }

    /// A block begins. One `alone` has a span of its own.
    pub(super) fn begin(
        &mut self,
        recorder: Recorder<'_>,
        worker_id: usize,
        block: &Range<usize>,
        begun: Instant,
        alone: Option<Alone>,
    ) {
        self.begun = begun;
        self.goes_on = alone.is_none() && self.open.is_some_and(|it| it.until == block.start);
        if self.goes_on {
            // So that of a worker that is killed in it the span has the block.
            recorder.end_at(worker_id, block.end);
        } else {
            self.close(recorder, worker_id);
            recorder.items(worker_id, begun, block.clone(), alone == Some(Alone::Retry));
        }
    }

    /// The block has ended before this index, or has failed.
    pub(super) fn end(
        &mut self,
        recorder: Recorder<'_>,
        worker_id: usize,
        block: &Range<usize>,
        now: Instant,
        has_failed: bool,
    ) {
        let is_quick = !has_failed && now.duration_since(self.begun) < QUICK;
        let span = self
            .open
            .filter(|it| self.goes_on && is_quick && now.duration_since(it.begun) < LONGEST);
        if self.goes_on && span.is_none() {
            self.close(recorder, worker_id);
            recorder.items(worker_id, self.begun, block.clone(), false);
        }
        let begun = span.map_or(self.begun, |it| it.begun);
        // Where a block has failed, its span ends at the item to blame.
        self.open = (!has_failed).then_some(OpenSpan { begun, until: block.end });
        if !is_quick {
            self.close(recorder, worker_id);
        }
    }

    /// Writes down how far the last span goes, before the worker does something else.
    pub(super) fn close(&mut self, recorder: Recorder<'_>, worker_id: usize) {
        if let Some(OpenSpan { until, .. }) = self.open.take() {
            recorder.end_at(worker_id, until);
        }
    }
}

/// Why a block has a span of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alone {
    /// Its items are run one by one, because they may have been begun before.
    Retry,
    /// Each item is noted exactly, and perhaps timed.
    Exact,
}
