//! The worker table: what every worker is doing, in memory that all of them and the caller share.
//!
//! It is the only thing that workers and caller tell each other during a map. A worker writes its
//! own record and nobody else's; the caller reads a record after its worker has ended (or, for
//! counts, at any time). Because it lies in shared memory, it tells where a worker was even after
//! the worker was killed.

use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use crate::error::Result;
use crate::memory::{Mapping, Memory};

/// Bytes of a message that are kept; longer ones are cut.
const MESSAGE: usize = 4096;
/// Bytes of a source location that are kept.
const LOCATION: usize = 256;

/// What a worker is doing, so that a crash can be told by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Stage {
    Starting = 0,
    StartHook,
    OpeningReader,
    MakingScratch,
    Claiming,
    Item,
    EndHook,
    Done,
}

impl Stage {
    const ALL: [Stage; 8] = [
        Stage::Starting,
        Stage::StartHook,
        Stage::OpeningReader,
        Stage::MakingScratch,
        Stage::Claiming,
        Stage::Item,
        Stage::EndHook,
        Stage::Done,
    ];

    /// The stage as a phrase that follows "failed while".
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Stage::Starting => "starting",
            Stage::StartHook => "running the on_worker_start hook",
            Stage::OpeningReader => "opening its reader of the items",
            Stage::MakingScratch => "making its scratch",
            Stage::Claiming => "claiming a share",
            Stage::Item => "running the kernel",
            Stage::EndHook => "running the on_worker_end hook",
            Stage::Done => "leaving",
        }
    }
}

/// How a worker failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Failure {
    /// The kernel returned an error, or something else said no.
    Refused = 1,
    /// Reading an item failed.
    Source,
    /// A panic.
    Panic,
    /// The worker's process ended in the middle.
    Died,
}

/// Text in shared memory.
#[repr(C)]
struct Text<const N: usize> {
    len: AtomicUsize,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Text<N> {
    /// Keeps the text, cut at a character border if it is too long.
    fn set(&self, text: &str) {
        const CUT: &str = " … (cut)";
        let (text, tail) = if text.len() <= N {
            (text, "")
        } else {
            (&text[..text.floor_char_boundary(N.saturating_sub(CUT.len()))], CUT)
        };
        let bytes = text.bytes().chain(tail.bytes());
        let mut len = 0;
        for (place, byte) in self.bytes.iter().zip(bytes) {
            place.store(byte, Ordering::Relaxed);
            len += 1;
        }
        self.len.store(len, Ordering::Relaxed);
    }

    fn get(&self) -> String {
        let len = self.len.load(Ordering::Relaxed).min(N);
        let bytes: Vec<u8> =
            self.bytes[..len].iter().map(|byte| byte.load(Ordering::Relaxed)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The part of the table that all workers write.
#[repr(C, align(128))]
struct Header {
    /// The first index that nobody has claimed.
    cursor: Line<AtomicUsize>,
    /// Not 0 once workers are to stop at their next item.
    stop: AtomicU32,
    /// 1 + the number of the worker that failed first, or 0.
    first_failed: AtomicUsize,
}

/// Something alone on its cache lines.
#[repr(C, align(128))]
struct Line<T>(T);

/// One worker's record, written by that worker alone.
#[repr(C, align(128))]
pub(crate) struct Record {
    /// Not 0 once a worker sits here.
    taken: AtomicU32,
    /// A [`Stage`].
    stage: AtomicU32,
    /// The index being worked on, valid in [`Stage::Item`].
    current: AtomicUsize,
    /// The first index of the block being worked on, valid in [`Stage::Item`].
    block_start: AtomicUsize,
    /// Number of items finished before this block.
    finished: AtomicUsize,
    /// Number of shares claimed by static splitting.
    own_claims: AtomicUsize,
    /// A [`Failure`], or 0.
    failure: AtomicU32,
    /// How the process ended: signal, and exit status + 1; 0 where there is none.
    signal: AtomicI32,
    status: AtomicI32,
    message: Text<MESSAGE>,
    location: Text<LOCATION>,
}

/// The table: a header and a record for each worker.
///
/// Invariant: the mapping is at least as long as both and lives as long as the table. All fields
/// are atomics, for which zero bytes are valid, so shared references to them are sound whoever
/// writes them.
pub(crate) struct Table {
    mapping: Mapping,
    num_workers: usize,
}

impl Table {
    /// A table for this many workers, in memory that they share.
    pub(crate) fn new(num_workers: usize, memory: Memory) -> Result<Table> {
        let bytes = size_of::<Header>() + num_workers * size_of::<Record>();
        Ok(Table { mapping: Mapping::anonymous(bytes, memory)?, num_workers })
    }

    fn header(&self) -> &Header {
        // SAFETY: the invariant of `Table`; the mapping is page-aligned.
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
            let records = self.mapping.start().add(size_of::<Header>()).cast::<Record>();
            records.add(worker_id).as_ref()
        }
    }

    /// The number of records.
    pub(crate) fn num_workers(&self) -> usize {
        self.num_workers
    }

    /// Where its mapping starts.
    pub(crate) fn start(&self) -> usize {
        self.mapping.start().as_ptr() as usize
    }

    /// The first index that nobody has claimed.
    pub(crate) fn cursor(&self) -> &AtomicUsize {
        &self.header().cursor.0
    }

    /// Tells all workers to stop at their next item.
    pub(crate) fn stop(&self) {
        self.header().stop.store(1, Ordering::Relaxed);
    }

    /// Whether workers are to stop.
    #[inline(always)]
    pub(crate) fn is_stopped(&self) -> bool {
        self.header().stop.load(Ordering::Relaxed) != 0
    }

    /// Notes a worker's failure and stops the others. The first to fail is remembered.
    pub(crate) fn fail(&self, worker_id: usize, failure: Failure) {
        self.record(worker_id).failure.store(failure as u32, Ordering::Release);
        // Release: whoever finds this worker's number also finds what its record says.
        let _ = self.header().first_failed.compare_exchange(
            0,
            worker_id + 1,
            Ordering::Release,
            Ordering::Relaxed,
        );
        self.stop();
    }

    /// Notes that a worker's process ended in the middle.
    pub(crate) fn died(&self, worker_id: usize, signal: Option<i32>, status: Option<i32>) {
        let record = self.record(worker_id);
        record.signal.store(signal.unwrap_or(0), Ordering::Relaxed);
        record.status.store(status.map_or(0, |status| status + 1), Ordering::Relaxed);
        self.fail(worker_id, Failure::Died);
    }

    /// The worker that failed first.
    pub(crate) fn first_failed(&self) -> Option<usize> {
        self.header().first_failed.load(Ordering::Acquire).checked_sub(1)
    }

    /// The number of items in blocks that are finished; may be asked while workers run.
    pub(crate) fn finished_blocks(&self) -> usize {
        (0..self.num_workers)
            .map(|worker_id| self.record(worker_id).finished.load(Ordering::Relaxed))
            .sum()
    }

    /// The number of finished items of all workers that have ended.
    pub(crate) fn finished(&self) -> usize {
        (0..self.num_workers).map(|worker_id| self.record(worker_id).finished()).sum()
    }
}

impl Record {
    /// Takes the seat, once: a second worker of the same number gets `false`.
    pub(crate) fn take(&self) -> bool {
        self.taken.swap(1, Ordering::Relaxed) == 0
    }

    /// Notes what the worker is doing.
    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u32, Ordering::Relaxed);
    }

    /// What the worker was last doing.
    pub(crate) fn stage(&self) -> Stage {
        let number = self.stage.load(Ordering::Relaxed) as usize;
        Stage::ALL.get(number).copied().unwrap_or(Stage::Starting)
    }

    /// Notes that a block of items begins.
    #[inline(always)]
    pub(crate) fn begin_block(&self, start: usize) {
        self.block_start.store(start, Ordering::Relaxed);
        self.current.store(start, Ordering::Relaxed);
        self.enter(Stage::Item);
    }

    /// Notes that a block of items is done.
    #[inline(always)]
    pub(crate) fn end_block(&self, items: usize) {
        self.enter(Stage::Claiming);
        let finished = self.finished.load(Ordering::Relaxed);
        self.finished.store(finished + items, Ordering::Relaxed);
    }

    /// Where the worker writes the index that it works on, before each call of the kernel.
    ///
    /// It does so with ordinary writes, which cost nothing where the kernel is so simple that
    /// many items become one instruction, and which come before any call into foreign code.
    /// Nobody reads it before the worker has ended.
    pub(crate) fn current(&self) -> *mut usize {
        self.current.as_ptr()
    }

    /// The index that the worker works or worked on.
    pub(crate) fn index(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Number of items that the worker has finished, once it has ended.
    pub(crate) fn finished(&self) -> usize {
        let in_block = match self.stage() {
            Stage::Item => self.index() - self.block_start.load(Ordering::Relaxed),
            _ => 0,
        };
        self.finished.load(Ordering::Relaxed) + in_block
    }

    /// Number of shares that the worker claimed by static splitting.
    pub(crate) fn own_claims(&self) -> &AtomicUsize {
        &self.own_claims
    }

    /// Keeps a failure's text.
    pub(crate) fn explain(&self, message: &str, location: Option<&str>) {
        self.message.set(message);
        self.location.set(location.unwrap_or_default());
    }

    /// How the worker failed.
    pub(crate) fn failure(&self) -> Option<Failure> {
        [Failure::Refused, Failure::Source, Failure::Panic, Failure::Died]
            .into_iter()
            .find(|&failure| failure as u32 == self.failure.load(Ordering::Acquire))
    }

    /// The failure's text.
    pub(crate) fn message(&self) -> String {
        self.message.get()
    }

    /// Where the failure was.
    pub(crate) fn location(&self) -> Option<String> {
        Some(self.location.get()).filter(|location| !location.is_empty())
    }

    /// The signal that ended the worker's process.
    pub(crate) fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }

    /// The status with which the worker's process exited.
    pub(crate) fn status(&self) -> Option<i32> {
        self.status.load(Ordering::Relaxed).checked_sub(1).filter(|&status| status >= 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_taken_once() {
        let table = Table::new(2, Memory::Private).unwrap();
        assert!(table.record(1).take());
        assert!(!table.record(1).take());
        assert!(table.record(0).take());
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let table = Table::new(1, Memory::Private).unwrap();
        let record = table.record(0);
        record.explain(&"ä".repeat(1 << 20), Some("here"));
        let message = record.message();
        assert!(message.len() <= MESSAGE && message.ends_with("ä … (cut)"), "{}", message.len());
        assert_eq!(record.location().as_deref(), Some("here"));
    }

    #[test]
    fn finished_items_of_an_unfinished_block_count() {
        let table = Table::new(1, Memory::Private).unwrap();
        let record = table.record(0);
        record.begin_block(10);
        record.end_block(5);
        record.begin_block(20);
        record.current.store(23, Ordering::Relaxed);
        assert_eq!(record.finished(), 8);
        assert_eq!(record.index(), 23);
    }

    #[test]
    fn the_first_failure_is_kept() {
        let table = Table::new(3, Memory::Private).unwrap();
        assert_eq!(table.first_failed(), None);
        table.died(2, None, Some(0));
        table.fail(0, Failure::Panic);
        assert_eq!(table.first_failed(), Some(2));
        assert!(table.is_stopped());
        assert_eq!((table.record(2).signal(), table.record(2).status()), (None, Some(0)));
    }
}
