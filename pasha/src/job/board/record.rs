//! A worker's record in the table: what it is doing, what is left for it to do, how it fails.

use std::fmt::Display;
use std::ops::Range;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::thread::futex;

use super::claim::ShareClaim;
use super::current::Current;
use super::text::Text;
use crate::element::CACHE_LINES;
use crate::report::WorkerReport;

/// Bytes of a message that are kept; longer ones are cut.
const MESSAGE: usize = 4096;
/// Bytes of a source location that are kept.
const LOCATION: usize = 256;

/// There is a checkpoint of the worker's accumulators.
const MADE: u32 = 1;
/// There is none yet of accumulators that the worker uses no more.
const LEFT: u32 = 2;

/// What a worker is doing, so that a crash can be told by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Stage {
    Starting = 0,
    StartHook,
    OpeningReader,
    MakingScratch,
    Claiming,
    BeginningShare,
    Item,
    Closing,
    EndHook,
    Done,
    /// Until this rank of several is granted items.
    Waiting,
    /// What it has accumulated over a block, with that of others.
    Merging,
    /// That an item is finished.
    Noting,
}

impl Stage {
    const ALL: [Stage; 13] = [
        Stage::Starting,
        Stage::StartHook,
        Stage::OpeningReader,
        Stage::MakingScratch,
        Stage::Claiming,
        Stage::BeginningShare,
        Stage::Item,
        Stage::Closing,
        Stage::EndHook,
        Stage::Done,
        Stage::Waiting,
        Stage::Merging,
        Stage::Noting,
    ];

    /// The stage of this number.
    pub(crate) fn of(number: u32) -> Stage {
        Stage::ALL.get(number as usize).copied().unwrap_or(Stage::Starting)
    }

    /// The stage as a phrase that follows "failed while".
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Stage::Starting => "starting",
            Stage::StartHook => "running the on_worker_start hook",
            Stage::OpeningReader => "opening its reader of the items",
            Stage::MakingScratch => "making its scratch",
            Stage::Claiming => "claiming a share",
            Stage::BeginningShare => "preparing to read its next items (`Read::begin`)",
            Stage::Item => "running the kernel",
            Stage::Closing => "dropping its readers and scratch",
            Stage::EndHook => "running the on_worker_end hook",
            Stage::Done => "leaving",
            Stage::Waiting => "waiting for items",
            Stage::Merging => "merging what it has accumulated",
            Stage::Noting => "writing what an item has come to beside the job file",
        }
    }
}

/// Whether a worker was killed because of the time that its item took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Late {
    /// It was not.
    No,
    /// It was, at that item.
    Yes,
    /// It was, but that item was done when the signal came.
    NoMore,
}

/// One worker's record, written by that worker alone or, after its death, by the caller.
#[repr(C, align(128))]
pub(crate) struct Record {
    /// The index being worked on, valid in [`Stage::Item`].
    current: AtomicUsize,
    /// Number of calls of the kernel that were begun, where items are noted exactly.
    calls: AtomicUsize,
    /// A [`Stage`].
    stage: AtomicU32,
    /// Not 0 once a worker sits here.
    taken: AtomicU32,
    /// Not 0 once the parent can see how the worker's process ends.
    watched: AtomicU32,
    /// What is left of the worker's share: everything from `position`; and what would have to be
    /// done again if its accumulators were lost: everything from the start in `todo`, which also
    /// says which checkpoint belongs to that start.
    todo: AtomicUsize,
    todo_end: AtomicUsize,
    position: AtomicUsize,
    /// Where the share began.
    share_start: AtomicUsize,
    /// [`MADE`] once the worker has made a checkpoint, [`LEFT`] once it has left its accumulators
    /// to whoever looks.
    has_checkpoint: AtomicU32,
    /// Not 0 while the worker makes a checkpoint.
    saving: AtomicU32,
    /// The last question after a checkpoint that was answered by one.
    answered: AtomicUsize,
    /// Items before this index may have been begun, so their slots are not as they were.
    dirty_end: AtomicUsize,
    pub(crate) claim: ShareClaim,
    /// The index that failed last, and how often in a row.
    failed: AtomicUsize,
    attempts: AtomicUsize,
    /// How often in a row the worker failed outside of any item.
    stumbles: AtomicUsize,
    /// For the report.
    finished: AtomicUsize,
    shares: AtomicUsize,
    busy: AtomicU64,
    /// When the last block began, in nanoseconds after the map.
    block_begun: AtomicU64,
    peak_memory: AtomicUsize,
    replaced: AtomicUsize,
    /// 1 + the status with which the kernel left the process, or 0.
    exit_status: AtomicI32,
    /// If the worker was killed because its item took too long: 1 + its calls then.
    late: AtomicUsize,
    /// Not 0 if the worker was killed because it waited for what can't come.
    deadlocked: AtomicU32,
    /// 1 + the index at which there was a panic, until it is caught, or 0.
    panicked: AtomicUsize,
    /// Not 0 if that panic can't be caught, and ends the process.
    aborts: AtomicU32,
    /// Not 0 if a panic came out of a reader, until it is caught.
    reader_panicked: AtomicU32,
    message: Text<MESSAGE>,
    location: Text<LOCATION>,
}

const _: () = assert!(align_of::<Record>() == CACHE_LINES);

impl Record {
    /// The record of a worker that has not started, as zero bytes are.
    pub(crate) const fn new() -> Self {
        Record {
            current: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            stage: AtomicU32::new(0),
            taken: AtomicU32::new(0),
            watched: AtomicU32::new(0),
            todo: AtomicUsize::new(0),
            todo_end: AtomicUsize::new(0),
            position: AtomicUsize::new(0),
            share_start: AtomicUsize::new(0),
            has_checkpoint: AtomicU32::new(0),
            saving: AtomicU32::new(0),
            answered: AtomicUsize::new(0),
            dirty_end: AtomicUsize::new(0),
            claim: ShareClaim::new(),
            failed: AtomicUsize::new(0),
            attempts: AtomicUsize::new(0),
            stumbles: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            shares: AtomicUsize::new(0),
            busy: AtomicU64::new(0),
            block_begun: AtomicU64::new(0),
            peak_memory: AtomicUsize::new(0),
            replaced: AtomicUsize::new(0),
            exit_status: AtomicI32::new(0),
            late: AtomicUsize::new(0),
            deadlocked: AtomicU32::new(0),
            panicked: AtomicUsize::new(0),
            aborts: AtomicU32::new(0),
            reader_panicked: AtomicU32::new(0),
            message: Text::new(),
            location: Text::new(),
        }
    }

    /// Takes the seat, once: a second worker of the same number gets `false`.
    pub(crate) fn take(&self) -> bool {
        self.taken.swap(1, Ordering::Relaxed) == 0
    }

    /// Frees the seat of a dead worker for the one that takes its place.
    pub(crate) fn free(&self) {
        self.enter(Stage::Starting);
        self.late.store(0, Ordering::Relaxed);
        self.deadlocked.store(0, Ordering::Relaxed);
        self.exit_status.store(0, Ordering::Relaxed);
        self.panicked.store(0, Ordering::Relaxed);
        self.aborts.store(0, Ordering::Relaxed);
        self.reader_panicked.store(0, Ordering::Relaxed);
        self.replaced.fetch_add(1, Ordering::Relaxed);
        self.set_saving(false);
        self.watched.store(0, Ordering::Relaxed);
        self.taken.store(0, Ordering::Relaxed);
    }

    /// Lets a worker's process go on that waits until it is watched.
    pub(crate) fn watch(&self) {
        self.watched.store(1, Ordering::Release);
        // Where nobody waits, nobody is woken.
        let _ = futex::wake(&self.watched, futex::Flags::empty(), 1);
    }

    /// Whether the worker is a process whose end the parent sees, and that it can replace.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed) != 0
    }

    /// Waits, in a worker's process, until the parent can see how it ends: in a program that reaps
    /// all its children nobody could find out otherwise.
    pub(crate) fn wait_until_watched(&self) {
        while self.watched.load(Ordering::Acquire) == 0 {
            let _ = futex::wait(&self.watched, futex::Flags::empty(), 0, None);
        }
    }

    /// Notes what the worker is doing.
    #[inline]
    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u32, Ordering::Relaxed);
    }

    /// What the worker is or was doing.
    pub(crate) fn stage(&self) -> Stage {
        Stage::of(self.stage.load(Ordering::Relaxed))
    }

    /// Something that changes with every item that the worker begins, and every share that it
    /// claims: if it is the same for long, so was the worker at the same thing.
    pub(crate) fn pulse(&self) -> (usize, usize, usize) {
        let load = |number: &AtomicUsize| number.load(Ordering::Relaxed);
        let stage = self.stage.load(Ordering::Relaxed) as usize;
        (stage, load(&self.calls), load(&self.position))
    }

    /// Gives the worker a share to do. The checkpoint stays what it was: its accumulators have
    /// everything of the shares before.
    pub(crate) fn give(&self, share: Range<usize>) {
        if !share.is_empty() {
            self.shares.fetch_add(1, Ordering::Relaxed);
        }
        let checkpoint = self.todo.load(Ordering::Relaxed) & 1;
        self.todo_end.store(share.end, Ordering::Relaxed);
        self.share_start.store(share.start, Ordering::Relaxed);
        self.position.store(share.start, Ordering::Relaxed);
        self.dirty_end.store(0, Ordering::Relaxed);
        self.todo.store(share.start << 1 | checkpoint, Ordering::Release);
    }

    /// What is left to do of the worker's share.
    pub(crate) fn left(&self) -> Range<usize> {
        let end = self.todo_end.load(Ordering::Relaxed);
        let position = match self.stage() {
            Stage::Item => self.index(),
            _ => self.position.load(Ordering::Relaxed),
        };
        position.min(end)..end
    }

    /// The index behind the last of the worker's share.
    pub(crate) fn todo_end(&self) -> usize {
        self.todo_end.load(Ordering::Relaxed)
    }

    /// From where on everything is lost if the worker's accumulators are.
    pub(crate) fn checkpoint_index(&self) -> usize {
        self.todo.load(Ordering::Acquire) >> 1
    }

    /// Which of the two checkpoints of the worker's accumulators is valid.
    pub(crate) fn checkpoint(&self) -> usize {
        self.todo.load(Ordering::Acquire) & 1
    }

    /// Notes in one step that everything before `index` is in this checkpoint.
    pub(crate) fn set_checkpoint(&self, index: usize, checkpoint: usize) {
        self.todo.store(index << 1 | checkpoint, Ordering::Release);
        self.has_checkpoint.store(MADE, Ordering::Release);
    }

    /// Whether there is a checkpoint of the worker.
    pub(crate) fn has_checkpoint(&self) -> bool {
        self.has_checkpoint.load(Ordering::Acquire) == MADE
    }

    /// Notes that the worker's accumulators have everything before `index`, and that it uses them
    /// no more: whoever looks may make the checkpoint.
    pub(crate) fn leave_accumulators(&self, index: usize) {
        self.todo.store(index << 1 | self.checkpoint(), Ordering::Release);
        self.has_checkpoint.store(LEFT, Ordering::Release);
    }

    /// Whether the worker uses its accumulators no more, of which there is no checkpoint yet.
    pub(crate) fn has_left_accumulators(&self) -> bool {
        self.has_checkpoint.load(Ordering::Acquire) == LEFT
    }

    /// Notes whether the worker is making a checkpoint, for whoever wants to read it.
    pub(super) fn set_saving(&self, is_saving: bool) {
        self.saving.store(u32::from(is_saving), Ordering::SeqCst);
    }

    /// Whether the worker is making a checkpoint, or was when it died.
    pub(super) fn is_saving(&self) -> bool {
        self.saving.load(Ordering::SeqCst) != 0
    }

    /// What the worker's checkpoint has of its share.
    pub(crate) fn in_checkpoint(&self) -> Range<usize> {
        self.share_start.load(Ordering::Relaxed)..self.checkpoint_index()
    }

    /// Notes that the worker's checkpoint answers this question.
    pub(crate) fn answer(&self, question: usize) {
        self.answered.store(question, Ordering::Release);
    }

    /// The last question that a checkpoint of the worker's has answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Acquire)
    }

    /// Has the worker go on from `index`; items before `dirty_end` may have been begun before.
    pub(crate) fn go_on_from(&self, index: usize, dirty_end: usize) {
        self.dirty_end.fetch_max(dirty_end, Ordering::Relaxed);
        self.position.store(index, Ordering::Relaxed);
        self.enter(Stage::Claiming);
    }

    /// Items before this index may have been begun before.
    pub(crate) fn dirty_end(&self) -> usize {
        self.dirty_end.load(Ordering::Relaxed)
    }

    /// Notes that a block of items begins.
    #[inline(always)]
    pub(crate) fn begin_block(&self, start: usize, begun: Duration) {
        self.block_begun.store(begun.as_nanos() as u64, Ordering::Relaxed);
        self.position.store(start, Ordering::Relaxed);
        self.current.store(start, Ordering::Relaxed);
        self.enter(Stage::Item);
    }

    /// Notes that a block of items is done: the worker goes on from `next`.
    #[inline(always)]
    pub(crate) fn end_block(&self, items: usize, next: usize, took: Duration) {
        self.position.store(next, Ordering::Relaxed);
        self.enter(Stage::Claiming);
        self.stumbles.store(0, Ordering::Relaxed);
        let finished = self.finished.load(Ordering::Relaxed);
        self.finished.store(finished + items, Ordering::Relaxed);
        let busy = self.busy.load(Ordering::Relaxed);
        self.busy.store(busy + took.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Where the worker notes the index that it works on, before each call of the kernel.
    pub(crate) fn current(&self) -> Current<'_> {
        // SAFETY: the record outlives the worker's loop, and only the worker writes its index
        // meanwhile.
        unsafe { Current::new(self.current.as_ptr()) }
    }

    /// Where the worker counts its calls, with ordinary writes.
    pub(crate) fn calls(&self) -> *mut usize {
        self.calls.as_ptr()
    }

    /// The index that the worker works or worked on.
    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Counts items, and time, of a block that a failure ended.
    pub(crate) fn count(&self, items: usize, took: Duration) {
        self.finished.fetch_add(items, Ordering::Relaxed);
        self.busy.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
    }

    /// How long the worker has been in its block, if it is in one, so long after the map began.
    pub(crate) fn time_in_block(&self, now: Duration) -> Duration {
        let begun = Duration::from_nanos(self.block_begun.load(Ordering::Relaxed));
        match self.stage() {
            Stage::Item => now.saturating_sub(begun),
            _ => Duration::ZERO,
        }
    }

    /// The items of the last block that are finished, after something ended the worker in it.
    pub(crate) fn finished_of_block(&self) -> Range<usize> {
        match self.stage() {
            Stage::Item => self.position.load(Ordering::Relaxed)..self.index(),
            _ => 0..0,
        }
    }

    /// Notes that nothing of the last block is finished, where something ended the worker in it.
    pub(crate) fn lose_block(&self) {
        self.current.store(self.position.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Counts a failure of this index, and gives how often it has failed in a row.
    pub(crate) fn count_failure(&self, index: usize) -> usize {
        let before = match self.failed.swap(index + 1, Ordering::Relaxed) == index + 1 {
            true => self.attempts.load(Ordering::Relaxed),
            false => 0,
        };
        self.attempts.store(before + 1, Ordering::Relaxed);
        before + 1
    }

    /// Whether this index is the last that has failed, and not given up.
    pub(crate) fn has_failed(&self, index: usize) -> bool {
        self.failed.load(Ordering::Relaxed) == index + 1
    }

    /// Forgets the failures of an index that is given up.
    pub(crate) fn forget_failures(&self) {
        self.failed.store(0, Ordering::Relaxed);
    }

    /// Counts a failure outside of any item, and gives how many there were in a row.
    pub(crate) fn stumble(&self) -> usize {
        self.stumbles.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Keeps a failure's text.
    // Knows no type of errors, so that it is compiled once and not with every kernel.
    pub(crate) fn explain(&self, message: &dyn Display, location: Option<&str>) {
        self.message.set(&message.to_string());
        self.location.set(location.unwrap_or_default());
    }

    /// Adds to a failure's text.
    pub(crate) fn add_to_explanation(&self, more: &str) {
        self.message.append(more);
    }

    /// Keeps a panic's text, when it begins: nothing can be kept any more if it ends the process.
    /// A second one at the same item, from a destructor say, is added to the first.
    pub(crate) fn note_panic(&self, message: &str, location: Option<&str>, aborts: bool) {
        self.aborts.store(u32::from(aborts), Ordering::Relaxed);
        let here = self.index() + 1;
        if self.panicked.swap(here, Ordering::Relaxed) == here {
            self.message.append("; then, at ");
            self.message.append(location.unwrap_or("an unknown place"));
            self.message.append(": ");
            self.message.append(message);
        } else {
            self.explain(&message, location);
        }
    }

    /// Whether there was a panic, at the present item, that nobody has caught; from now on there
    /// was none.
    #[inline]
    pub(crate) fn take_panic(&self) -> bool {
        let at = self.panicked.load(Ordering::Relaxed);
        self.panicked.store(0, Ordering::Relaxed);
        at == self.index() + 1
    }

    /// Notes that a panic is on its way out of a reader.
    pub(crate) fn note_reader_panic(&self) {
        self.reader_panicked.store(1, Ordering::Relaxed);
    }

    /// Whether the panic that was caught came out of a reader; from now on there was none.
    pub(crate) fn take_reader_panic(&self) -> bool {
        let noted = self.reader_panicked.load(Ordering::Relaxed);
        self.reader_panicked.store(0, Ordering::Relaxed);
        noted != 0
    }

    /// Whether the last panic was one that ends the process.
    pub(crate) fn was_aborted(&self) -> bool {
        self.aborts.load(Ordering::Relaxed) != 0
    }

    /// The failure's text and place.
    pub(crate) fn texts(&self) -> (&Text<MESSAGE>, &Text<LOCATION>) {
        (&self.message, &self.location)
    }

    /// Notes that the kernel leaves the process with this status.
    pub(crate) fn note_exit(&self, status: i32) {
        self.exit_status.store(status.wrapping_add(1), Ordering::Relaxed);
    }

    /// The status with which the kernel left the process.
    pub(crate) fn exit_status(&self) -> Option<i32> {
        let kept = self.exit_status.load(Ordering::Relaxed);
        (kept != 0).then(|| kept.wrapping_sub(1))
    }

    /// Notes that the worker is killed because it takes too long with what its pulse says.
    pub(crate) fn note_late(&self, (_, calls, _): (usize, usize, usize)) {
        self.late.store(calls + 1, Ordering::Relaxed);
    }

    /// Whether the worker was killed because its item took too long: still at that item, or, if
    /// that was done in the last moment, at another.
    pub(crate) fn late(&self) -> Late {
        match self.late.load(Ordering::Relaxed) {
            0 => Late::No,
            late if late == self.calls.load(Ordering::Relaxed) + 1 => Late::Yes,
            _ => Late::NoMore,
        }
    }

    /// Notes that the worker is killed because it waits for what can't come.
    pub(crate) fn note_deadlock(&self) {
        self.deadlocked.store(1, Ordering::Relaxed);
    }

    /// Whether the worker was killed because it waited for what can't come.
    pub(crate) fn is_deadlocked(&self) -> bool {
        self.deadlocked.load(Ordering::Relaxed) != 0
    }

    /// Notes the most memory that the worker's process has had.
    pub(crate) fn note_memory(&self, bytes: usize) {
        self.peak_memory.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Number of items finished, for the report.
    pub(crate) fn finished(&self) -> usize {
        self.finished.load(Ordering::Relaxed)
    }

    /// The most memory that the worker had, in bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        self.peak_memory.load(Ordering::Relaxed)
    }

    /// What the report says of the worker.
    pub(crate) fn report(&self, worker_id: usize) -> WorkerReport {
        WorkerReport {
            worker_id,
            finished: self.finished(),
            shares: self.shares.load(Ordering::Relaxed),
            busy: Duration::from_nanos(self.busy.load(Ordering::Relaxed)),
            replaced: self.replaced.load(Ordering::Relaxed),
            peak_memory: Some(self.peak_memory()).filter(|&bytes| bytes > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;
    use crate::memory::Memory;

    #[test]
    fn a_seat_is_taken_once_until_it_is_freed() {
        let table = Table::new(2, 2, Memory::Private).unwrap();
        assert!(table.record(1).take());
        assert!(!table.record(1).take());
        assert!(table.record(0).take());
        table.record(1).free();
        assert!(table.record(1).take());
    }

    #[test]
    fn what_is_left_begins_at_the_current_item() {
        let table = Table::new(1, 1, Memory::Private).unwrap();
        let record = table.record(0);
        record.give(10..50);
        assert_eq!(record.left(), 10..50);
        record.begin_block(10, Duration::ZERO);
        record.end_block(5, 15, Duration::ZERO);
        assert_eq!(record.left(), 15..50);
        record.begin_block(15, Duration::ZERO);
        record.current.store(23, Ordering::Relaxed);
        assert_eq!(record.left(), 23..50);
        assert_eq!(record.checkpoint_index(), 10);
    }

    #[test]
    fn a_second_panic_at_one_item_is_added_to_the_first() {
        let table = Table::new(1, 1, Memory::Private).unwrap();
        let record = table.record(0);
        record.note_panic("first", Some("a.rs:1:2"), false);
        record.note_panic("second", None, true);
        assert_eq!(record.texts().0.get(), "first; then, at an unknown place: second");
        assert!(record.take_panic() && !record.take_panic());
        assert!(record.was_aborted());
        record.note_panic("third", None, false);
        assert_eq!(record.texts().0.get(), "third");
    }
}
