//! The worker table: what every worker is doing, in memory that all of them and the caller share.
//!
//! It is the only thing that workers and caller tell each other during a map. A worker writes its
//! own record and nobody else's (but for the confirmation of a claim); the caller reads a record
//! after its worker has ended or, for counts and time-outs, at any time. Because it lies in shared
//! memory, it tells where a worker was even after the worker was killed, and what is left for the
//! one that takes its place.

use std::ops::Range;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::claim::Cursor;
use super::failure_log::{FailureLog, LogCounts, LogLayout};
use super::grants::Grants;
use super::record::Record;
use crate::element::CACHE_LINES;
use crate::error::Result;
use crate::job::share::Shares;
use crate::memory::{HugePageCounts, Mapping, MappingId, Memory};

/// Why a map ends before all items are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Stop {
    /// Something failed, which is in the log.
    Failed = 1,
    /// More items failed than may be left out.
    TooManyFailures,
    /// The token was cancelled.
    Cancelled,
    /// The time is over.
    Deadline,
    /// The context can't go on, and says why itself.
    Context,
    /// A rank of several is lost.
    Lost,
}

impl Stop {
    const ALL: [Stop; 6] = [
        Stop::Failed,
        Stop::TooManyFailures,
        Stop::Cancelled,
        Stop::Deadline,
        Stop::Context,
        Stop::Lost,
    ];

    /// The reason of this number.
    pub(crate) fn of(number: u32) -> Option<Stop> {
        Stop::ALL.into_iter().find(|&stop| stop as u32 == number)
    }
}

/// The part of the table that all workers write.
#[repr(C, align(128))]
struct TableHeader {
    /// See `claim.rs`.
    cursor: CacheLine<AtomicU64>,
    /// A [`Stop`] once workers are to stop at their next item, or 0.
    stop: AtomicU32,
    /// 1 + the number of the entry in the log that ended the map, or 0.
    fatal: AtomicUsize,
    /// How often an item was run again.
    retried: AtomicUsize,
    /// How often the caller has asked all workers for a checkpoint.
    questions: AtomicUsize,
    /// How often the caller has asked the workers to end their blocks.
    ticks: AtomicUsize,
    /// Not 0 while the caller reads the workers' checkpoints.
    reading: AtomicU32,
    pages: PageCounts,
    failures: LogCounts,
}

const _: () = assert!(align_of::<TableHeader>() == CACHE_LINES);

/// What came of asking for huge pages.
#[repr(C)]
struct PageCounts {
    made: AtomicUsize,
    refused: AtomicUsize,
    errno: AtomicI32,
}

/// Something alone on its cache lines.
#[repr(C, align(128))]
struct CacheLine<T>(T);

const _: () = assert!(align_of::<CacheLine<u8>>() == CACHE_LINES);

/// No worker makes a checkpoint as long as this lives.
pub(crate) struct ReadingCheckpoints<'t>(&'t AtomicU32);

impl Drop for ReadingCheckpoints<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// The table: a header, a record for each worker, and the log of failures.
///
/// Invariant: the mapping is at least as long as all three and lives as long as the table. All
/// fields are atomics, for which zero bytes are valid, so shared references to them are sound
/// whoever writes them.
pub(crate) struct Table {
    mapping: Mapping,
    num_workers: usize,
    layout: LogLayout,
}

impl Table {
    /// A table for this many workers, in memory that they share, with room for this many failures.
    pub(crate) fn new(num_workers: usize, failures: usize, memory: Memory) -> Result<Table> {
        let records_end = size_of::<TableHeader>() + num_workers * size_of::<Record>();
        let layout = LogLayout::for_failures(records_end, failures);
        Ok(Table { mapping: Mapping::sparse(layout.end(), memory)?, num_workers, layout })
    }

    fn header(&self) -> &TableHeader {
        // SAFETY: the invariant of `Table`; the mapping is aligned to 128 bytes, as the header is.
        unsafe { self.mapping.start().cast().as_ref() }
    }

    /// A worker's record.
    ///
    /// # Panics
    /// Panics if there is no such worker.
    pub(crate) fn record(&self, worker_id: usize) -> &Record {
        assert!(worker_id < self.num_workers, "worker {worker_id} of {}", self.num_workers);
        // SAFETY: the invariant of `Table`; a record's size is a multiple of its alignment, and
        // so is the header's.
        unsafe {
            let records = self.mapping.start().add(size_of::<TableHeader>()).cast::<Record>();
            records.add(worker_id).as_ref()
        }
    }

    /// All records.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        (0..self.num_workers).map(|worker_id| self.record(worker_id))
    }

    /// The log of failures.
    pub(crate) fn failures(&self) -> FailureLog<'_> {
        // SAFETY: `new` made the mapping as long as this layout says, with nothing else there.
        unsafe { FailureLog::new(&self.header().failures, self.layout, &self.mapping) }
    }

    /// The memory that it lies in.
    pub(crate) fn memory(&self) -> Memory {
        self.mapping.memory()
    }

    /// The number of records.
    pub(crate) fn num_workers(&self) -> usize {
        self.num_workers
    }

    /// Which mapping it lies in.
    pub(crate) fn mapping_id(&self) -> MappingId {
        self.mapping.id()
    }

    fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.header().cursor.0, self.num_workers)
    }

    /// The first index that nobody has claimed.
    pub(crate) fn claimed(&self) -> usize {
        self.cursor().position()
    }

    /// Claims the next share, which is then what the worker has to do; on one rank of several, of
    /// what that has been granted.
    pub(crate) fn claim(
        &self,
        shares: &Shares<'_>,
        grants: Option<&Grants>,
        worker_id: usize,
        at_least: usize,
    ) -> Option<Range<usize>> {
        let claims = |worker_id| &self.record(worker_id).claim;
        let next = |position| match grants {
            None => shares.next(position, at_least),
            Some(grants) => grants.next(shares, position, at_least),
        };
        let give = |share| self.give(worker_id, grants, share);
        self.cursor().claim(next, worker_id, claims, give)
    }

    /// Finds out whether a dead worker had claimed a share without taking note of it.
    pub(crate) fn recover_claim(&self, worker_id: usize, grants: Option<&Grants>) {
        let give = |share| self.give(worker_id, grants, share);
        self.cursor().recover_claim(&self.record(worker_id).claim, worker_id, give);
    }

    /// Gives a worker what it has claimed: positions, which are the indices themselves where
    /// nothing is granted.
    fn give(&self, worker_id: usize, grants: Option<&Grants>, share: Range<usize>) {
        let indices = match grants {
            None => share,
            Some(grants) => grants.indices(share),
        };
        self.record(worker_id).give(indices);
    }

    /// Tells all workers to stop at their next item. The first reason stands.
    pub(crate) fn stop(&self, reason: Stop) {
        let stop = &self.header().stop;
        let _ = stop.compare_exchange(0, reason as u32, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Tells all workers to stop because of a failure in the log. The first stands.
    pub(crate) fn stop_for(&self, reason: Stop, entry: usize) {
        let fatal = &self.header().fatal;
        // Before the reason, so that whoever sees that finds this.
        let _ = fatal.compare_exchange(0, entry + 1, Ordering::AcqRel, Ordering::Relaxed);
        self.stop(reason);
    }

    /// Whether workers are to stop.
    #[inline(always)]
    pub(crate) fn is_stopped(&self) -> bool {
        self.header().stop.load(Ordering::Relaxed) != 0
    }

    /// Why workers are to stop.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        let reason = self.header().stop.load(Ordering::Acquire);
        Stop::of(reason)
    }

    /// The entry in the log of the failure that ended the map.
    pub(crate) fn fatal(&self) -> Option<usize> {
        self.header().fatal.load(Ordering::Acquire).checked_sub(1)
    }

    pub(crate) fn retried(&self) -> &AtomicUsize {
        &self.header().retried
    }

    /// Asks all workers to end their blocks, so that what they have finished is known.
    pub(crate) fn tick(&self) {
        self.header().ticks.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was asked for.
    #[inline(always)]
    pub(crate) fn ticks(&self) -> usize {
        self.header().ticks.load(Ordering::Relaxed)
    }

    /// Asks all workers for a checkpoint, and gives the number of the question.
    pub(crate) fn ask_for_checkpoints(&self) -> usize {
        1 + self.header().questions.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of the last question.
    pub(crate) fn question(&self) -> usize {
        self.header().questions.load(Ordering::Relaxed)
    }

    /// Has a worker begin to make a checkpoint, once the caller reads none.
    pub(crate) fn begin_checkpoint(&self, record: &Record) {
        let reading = &self.header().reading;
        loop {
            // Either this sees that the caller reads, or the caller, which says so first and then
            // looks who is making one, sees this.
            record.set_saving(true);
            if reading.load(Ordering::SeqCst) == 0 {
                return;
            }
            record.set_saving(false);
            while reading.load(Ordering::SeqCst) != 0 {
                std::thread::yield_now();
            }
        }
    }

    /// Has a worker end its checkpoint, of which all is noted.
    pub(crate) fn end_checkpoint(&self, record: &Record) {
        record.set_saving(false);
    }

    /// Keeps all workers from making checkpoints until the value is dropped; `None` if one is
    /// making one for longer than this, or died so.
    pub(crate) fn read_checkpoints(&self, at_most: Duration) -> Option<ReadingCheckpoints<'_>> {
        let reading = ReadingCheckpoints(&self.header().reading);
        reading.0.store(1, Ordering::SeqCst);
        let begun = Instant::now();
        while self.records().any(Record::is_saving) {
            if begun.elapsed() > at_most {
                return None;
            }
            std::thread::yield_now();
        }
        Some(reading)
    }

    /// Adds to the counts of huge pages.
    pub(crate) fn count_pages(&self, counts: HugePageCounts) {
        let pages = &self.header().pages;
        pages.made.fetch_add(counts.made, Ordering::Relaxed);
        pages.refused.fetch_add(counts.refused, Ordering::Relaxed);
        if counts.refused > 0 {
            pages.errno.store(counts.errno, Ordering::Relaxed);
        }
    }

    /// The counts of huge pages.
    pub(crate) fn pages(&self) -> HugePageCounts {
        let pages = &self.header().pages;
        HugePageCounts {
            made: pages.made.load(Ordering::Relaxed),
            refused: pages.refused.load(Ordering::Relaxed),
            errno: pages.errno.load(Ordering::Relaxed),
        }
    }

    /// The number of items in blocks that are finished, nearly; may be asked while workers run.
    pub(crate) fn finished_blocks(&self) -> usize {
        self.records().map(|record| record.finished()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_to_stop_stands() {
        let table = Table::new(3, 3, Memory::Private).unwrap();
        assert_eq!((table.is_stopped(), table.stopped(), table.fatal()), (false, None, None));
        table.stop_for(Stop::Failed, 2);
        table.stop(Stop::Deadline);
        assert_eq!((table.stopped(), table.fatal()), (Some(Stop::Failed), Some(2)));
    }
}
