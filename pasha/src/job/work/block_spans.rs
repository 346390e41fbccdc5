//! The spans of a timeline that a worker's blocks belong to.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::job::board::Recorder;

/// Quick blocks that follow each other are one span for so long: what is written down for a span
/// misses the caches, which a quick kernel fills with its items. A block that takes longer, as one
/// with a slow item does, has a span of its own, and is slower than all that are told together.
const LONGEST: Duration = Duration::from_micros(100);

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
        let is_quick = !has_failed && now.duration_since(self.begun) < LONGEST;
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
    /// Its item has failed before.
    Retry,
    /// Each item is noted exactly, and perhaps timed, or run by itself.
    Exact,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::board::EventBuffers;
    use crate::memory::Memory;

    #[test]
    fn a_block_with_a_slow_item_is_slower_than_all_that_are_told_together() {
        const SLOW: usize = 1000;
        let buffers = EventBuffers::new(1, Memory::Private).unwrap();
        let begun = Instant::now();
        let recorder = Recorder::new(&buffers, begun);
        let (mut spans, mut now) = (BlockSpans::new(begun), begun);
        for index in 0..2000 {
            let block = 10 * index..10 * index + 10;
            spans.begin(recorder, 0, &block, now, None);
            now += Duration::from_micros(if index == SLOW { 120 } else { 22 });
            spans.end(recorder, 0, &block, now, false);
        }
        spans.close(recorder, 0);
        let rows = recorder.rows(0);
        let items = || rows[0].spans.iter().filter(|span| span.until > span.first);
        // The last one goes on until the rows are asked for.
        let whole = items().filter(|span| span.until < 20_000);
        let slowest = whole.max_by_key(|span| span.end - span.begin).unwrap();
        assert_eq!((slowest.first, slowest.until), (10 * SLOW, 10 * SLOW + 10));
        assert_eq!(items().map(|span| span.until - span.first).sum::<usize>(), 20_000);
        assert!(items().count() < 700, "{}", items().count());
    }
}
