//! What the workers of a map did, row by row: what pictures and files are made of.

use std::time::Duration;

use super::span::Span;
use crate::error::describe;

/// What one worker did, span after span without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) worker_id: usize,
    /// The machine of the worker, where there are several.
    pub(crate) host: Option<Box<str>>,
    pub(crate) spans: Vec<Span>,
}

impl Row {
    /// The worker, with its machine where there are several.
    pub(super) fn name(&self) -> String {
        describe::worker(self.worker_id, self.host.as_deref())
    }

    /// When it ended, in nanoseconds since the map began.
    pub(super) fn end(&self) -> u64 {
        self.spans.last().map_or(0, |span| span.end)
    }

    /// Nanoseconds that it spent with items.
    pub(super) fn busy(&self) -> u64 {
        self.spans.iter().map(|span| span.busy).sum()
    }
}

/// Has the last worker end when the map did, which had to be woken for it, and none later.
pub(super) fn end_with_the_map(rows: &mut [Row], wall_time: Duration) {
    let end = wall_time.as_nanos() as u64;
    for span in rows.iter_mut().flat_map(|row| &mut row.spans) {
        span.begin = span.begin.min(end);
        span.end = span.end.min(end);
    }
    let last = rows.iter_mut().max_by_key(|row| row.end());
    if let Some(span) = last.and_then(|row| row.spans.last_mut())
        && !span.is_of_items()
    {
        span.end = end;
    }
}

/// What all workers of a map did.
#[derive(Clone, Debug)]
pub(crate) struct TimelineRows {
    /// The number of items.
    pub(crate) len: usize,
    pub(crate) rows: Vec<Row>,
    /// How long the map took, up to the end of the last worker.
    pub(crate) wall_time: Duration,
    /// How long it took afterwards to make the outputs what the caller gets.
    pub(crate) finishing: Duration,
}

impl TimelineRows {
    pub(super) fn spans(&self) -> impl Iterator<Item = &Span> {
        self.rows.iter().flat_map(|row| &row.spans)
    }

    /// The spans of items that took longest, the slowest first.
    pub(super) fn slowest(&self, number: usize) -> Vec<&Span> {
        let mut spans: Vec<&Span> = self.spans().filter(|span| span.is_of_items()).collect();
        // The order of equals is that of the workers.
        spans.sort_by_key(|span| std::cmp::Reverse(span.took()));
        spans.truncate(number);
        spans
    }

    /// The part of the map's time that a worker spent with items.
    pub(super) fn busy_share(&self, row: &Row) -> f64 {
        (row.busy() as f64 / (self.wall_time.as_nanos() as f64).max(1.0)).min(1.0)
    }

    /// From the end of the first worker to the end of the last.
    pub(super) fn tail(&self) -> Duration {
        let ends = || self.rows.iter().map(Row::end);
        let (first, last) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
        Duration::from_nanos(last - first)
    }

    /// The number of spans that were merged into others.
    pub(super) fn merged(&self) -> usize {
        self.spans().map(|span| span.parts().saturating_sub(1)).sum()
    }

    /// When the picture ends, in nanoseconds.
    pub(super) fn end(&self) -> u64 {
        (self.wall_time + self.finishing).as_nanos() as u64
    }
}
