//! The blocks in which the inner loop runs.
//!
//! What a worker has to do is run in blocks. Between blocks a worker looks whether it is to stop
//! and notes how far it is; within a block there is nothing but reading, calling and writing, so
//! that a simple kernel compiles to what a hand-written loop does. A block is as long as it takes
//! for the work between blocks not to matter: slow items are blocks of their own, of fast ones
//! thousands make a block.

use std::cell::Cell;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::block_spans::{Alone, BlockSpans};
use super::checkpoint::CheckpointTimer;
use super::early_end::{EarlyEnd, ItemTime};
use super::inner_loop::{BlockError, BlockResult, ExactBlock, Seat, run_block, run_block_exactly};
use super::staged::{StagingBuffer, run_block_staged};
use super::state::MapState;
use super::task::Task;
use crate::functor::list::{FunctorList, ReadList};
use crate::job::board::{Record, Stage, Timed};
use crate::job::forked::Generation;
use crate::kernel::Kernel;
use crate::memory::HugePageMaker;
use crate::output::index::IndexSlots;
use crate::output::list::SpecList;
use crate::resume::Journal;
use crate::timeline::SpanKind;

/// Blocks grow until they take this long.
const LONG_ENOUGH: Duration = Duration::from_micros(20);
/// Blocks shrink when they take longer than this.
const TOO_LONG: Duration = Duration::from_micros(100);
/// At this many items even the simplest kernel takes long enough.
const MOST_ITEMS_OF_A_BLOCK: usize = 32 * 1024;

/// A block has at most so many times as many indices without an item as it may have items.
const ABSENT_FOR_ITEM: usize = 32;

/// One worker's blocks: how many items the next one has.
pub(super) struct BlockRunner<'m> {
    items: usize,
    /// How many indices a block has in which there is no item.
    absent: usize,
    item_time: ItemTime,
    last: Instant,
    checkpoint_timer: CheckpointTimer,
    huge_pages: HugePageMaker<'m>,
    staging: Option<StagingBuffer>,
    generation: Generation,
    /// Where the number of items that the worker's record counts reaches this, it is replaced.
    end_of_life: usize,
    /// In a live map: what was done since the last checkpoint.
    since_checkpoint: Vec<Range<usize>>,
    /// The question that the next checkpoint answers.
    question: usize,
    /// Where a timeline is wanted: which spans the blocks belong to.
    spans: BlockSpans,
}

impl<'m> BlockRunner<'m> {
    /// Blocks of a worker of this task.
    pub(super) fn new<K: Kernel, F>(
        task: &'m Task<'_, K, F>,
        state: &MapState<'_>,
        record: &Record,
        generation: Generation,
    ) -> Self {
        // Nobody takes the place of a thread.
        let lifespan = state.lifespan.filter(|_| record.is_watched());
        let end_of_life =
            lifespan.map_or(usize::MAX, |items| record.finished().saturating_add(items.get()));
        let now = Instant::now();
        let huge_pages = HugePageMaker::new(&task.new_memory);
        let staging = if state.is_staged { StagingBuffer::new(task) } else { None };
        BlockRunner {
            items: 1,
            absent: 1,
            item_time: ItemTime::UNKNOWN,
            last: now,
            checkpoint_timer: CheckpointTimer::new(now),
            huge_pages,
            staging,
            generation,
            end_of_life,
            since_checkpoint: Vec::new(),
            question: 0,
            spans: BlockSpans::new(now),
        }
    }

    /// Whether the worker has run as many items as it may.
    pub(super) fn is_worn_out(&self, record: &Record) -> bool {
        record.finished() >= self.end_of_life
    }

    /// The number of items in a share that is worth its claim: they take about as long as several
    /// claims.
    pub(super) fn worth_a_claim(&self) -> usize {
        if self.items == MOST_ITEMS_OF_A_BLOCK {
            MOST_ITEMS_OF_A_BLOCK
        } else {
            (self.items / 4).max(1)
        }
    }

    /// Runs what the worker has to do, block by block, until it is done, an item fails, or workers
    /// are to stop.
    pub(super) fn run<K, F, R>(
        &mut self,
        task: &Task<'_, K, F>,
        state: &MapState<'_>,
        readers: &mut R,
        scratch: &mut K::Scratch,
        worker_id: usize,
    ) -> BlockResult<K, R>
    where
        K: Kernel,
        F: FunctorList<K::Items>,
        R: ReadList<K::Items>,
    {
        let record = state.table.record(worker_id);
        let todo = record.left();
        assert!(todo.end <= task.len, "a share lies within the map");
        state.enter(worker_id, Stage::BeginningShare);
        readers.begin(todo.clone());
        if !state.pages.is_empty() {
            enter_pages(task, state, readers, &todo);
        }
        record.enter(Stage::Claiming);
        self.last = Instant::now();
        let dirty_end = record.dirty_end();
        let left_out = left_out(state, todo.start..dirty_end);
        let mut next = todo.start;
        while next < todo.end && !state.table.is_stopped() && !self.is_worn_out(record) {
            let missing = match state.job_file {
                None => next..todo.end,
                Some(file) => file.next_missing(next..todo.end).unwrap_or(todo.end..todo.end),
            };
            next = missing.start;
            if next >= todo.end {
                // The rest was finished before.
                record.end_block(0, next, Duration::ZERO);
                if state.tree.is_none() {
                    self.checkpoint_if_due(task, state, worker_id, next);
                }
                break;
            }
            if left_out.contains(&next) {
                next += 1;
                record.end_block(0, next, Duration::ZERO);
                self.checkpoint_if_due(task, state, worker_id, next);
                continue;
            }
            // Items that may have been begun before are run one by one.
            let is_dirty = next < dirty_end;
            let room = self.staging.as_ref().map_or(MOST_ITEMS_OF_A_BLOCK, StagingBuffer::items);
            let life = self.end_of_life - record.finished();
            // Of a worker that is killed nothing is finished then that is not in the journal.
            let is_single =
                is_dirty || (const { K::Specs::KEPT.in_memory } && state.journal.is_some());
            let most = if is_single { 1 } else { self.items.min(room).min(life) };
            let end = state.tree.map_or(missing.end, |tree| {
                // Each block of the tree has accumulators of its own.
                missing.end.min(tree.shape().end_of_block(next))
            });
            let block = next..end.min(self.end_of_next(state, next, most, is_single));
            self.make_huge_pages(task, state, worker_id, &block);
            if let Some(recorder) = state.recorder {
                let alone = match (is_dirty, state.is_exact) {
                    (true, _) if record.has_failed(next) => Some(Alone::Retry),
                    (true, _) | (false, true) => Some(Alone::Exact),
                    (false, false) => None,
                };
                self.spans.begin(recorder, worker_id, &block, self.last, alone);
            }
            record.begin_block(block.start, self.last.duration_since(state.begun));
            let early_end = match state.is_watched {
                true => EarlyEnd::on_signals(state.table, state.token, self.last, self.item_time),
                false => EarlyEnd::never(),
            };
            let early_end = &early_end;
            let (limit, slowest) = (state.limit, Cell::new(Timed::default()));
            let exact = ExactBlock { worker_id, record, limit, early_end, slowest };
            let outcome = if state.is_exact {
                let reset = is_dirty || state.job_file.is_some();
                // SAFETY: the share was claimed by this worker alone and lies within the map, the
                // readers were begun with it, and the seat makes the worker's number its own.
                unsafe { run_block_exactly(task, readers, scratch, block.clone(), &exact, reset) }
            } else {
                let seat = Seat { worker_id, current: record.current(), early_end };
                let block = block.clone();
                // SAFETY: the share was claimed by this worker alone and lies within the map, the
                // readers were begun with it, the seat makes the worker's number its own; and the
                // buffer was made for this task, and blocks fit it.
                unsafe {
                    // A constant first, so that only kernels with a stage compile this.
                    if const { K::STREAM_STORES }
                        && let Some(staging) = &mut self.staging
                    {
                        run_block_staged(task, readers, scratch, block, &seat, staging)
                    } else {
                        run_block(task, readers, scratch, block, &seat)
                    }
                }
            };
            self.generation.end_if_forked();
            let outcome = match state.journal {
                Some(journal) if const { K::Specs::KEPT.in_memory } && outcome.is_ok() => {
                    note_in::<K, F, R>(journal, task, &block).map(|()| block.end)
                }
                _ => outcome,
            };
            let block = match outcome {
                Ok(end) => block.start..end.min(block.end),
                Err(_) => block,
            };
            let outcome = outcome.map(drop);
            let now = Instant::now();
            let took = now.duration_since(self.last);
            self.last = now;
            if let Some(recorder) = state.recorder {
                self.spans.end(recorder, worker_id, &block, now, outcome.is_err());
            }
            let finished = match outcome {
                Ok(()) => block.clone(),
                Err(_) => block.start..record.index(),
            };
            state.note_finished(finished.clone());
            if let Some(recorder) = state.recorder {
                let until = if outcome.is_ok() { block.end } else { finished.end + 1 };
                recorder.tell_apart(worker_id, exact.slowest.get(), until);
            }
            if outcome.is_err() {
                record.count(state.items_in(&finished), took);
                return outcome;
            }
            let items = state.items_in(&block);
            record.end_block(items, block.end, took);
            if state.is_live && state.checkpoints.are_kept() {
                self.add_to_live(block.clone());
            }
            self.adapt(took, items, block.len());
            next = block.end;
            state.check_stop(now);
            self.checkpoint_if_due(task, state, worker_id, next);
        }
        self.note_turn(state, worker_id, SpanKind::Claiming);
        if self.is_worn_out(record) && state.checkpoints.are_kept() {
            // The worker that takes its place begins with it.
            self.begin_live(state, record);
            // SAFETY: the worker's number is its own, and no slot of it is alive.
            unsafe { state.checkpoints.save(&task.accumulators, worker_id, record, next) };
            self.show_live(state, record);
        }
        Ok(())
    }

    /// Notes in the timeline, where one is wanted, what the worker did since its last block ended.
    fn note_turn(&mut self, state: &MapState<'_>, worker_id: usize, kind: SpanKind) {
        if let Some(recorder) = state.recorder {
            self.spans.close(recorder, worker_id);
            recorder.note(worker_id, Some(kind), self.last);
        }
    }

    /// Makes huge pages where a block is about to write new memory.
    fn make_huge_pages<K: Kernel, F>(
        &mut self,
        task: &Task<'_, K, F>,
        state: &MapState<'_>,
        worker_id: usize,
        block: &Range<usize>,
    ) {
        if self.huge_pages.is_done() {
            return;
        }
        let mut asked = false;
        // SAFETY: the block lies within the map, whose outputs are attached, and its slots are
        // this worker's, so nobody else writes there.
        unsafe {
            let mut make = |place| asked |= self.huge_pages.make_for(place);
            task.slots.places(block, &mut make);
        }
        if asked {
            state.table.count_pages(self.huge_pages.take_counts());
            // It is no part of the time that items take.
            self.note_turn(state, worker_id, SpanKind::FirstWrite);
            self.last = Instant::now();
        }
    }

    /// Hands on the worker's accumulators where a block of the tree ends before `next`, and says
    /// whether one does; `None` if the map is to stop instead.
    fn hand_on(&mut self, state: &MapState<'_>, worker_id: usize, next: usize) -> Option<bool> {
        let Some(tree) = state.tree else { return Some(false) };
        let Some(block) = tree.shape().block_before(next) else { return Some(false) };
        if let Some(recorder) = state.recorder {
            self.spans.close(recorder, worker_id);
        }
        state.enter(worker_id, Stage::Merging);
        if state.job_file.is_some() {
            // Before the block counts: of one that does not what is noted is forgotten.
            note_block(state, tree.shape().items_of_block(block));
        }
        // SAFETY: the worker's number is its own, no slot of it is alive, and the block lies in the
        // share that it has claimed.
        let goes_on = unsafe { tree.take_in(worker_id, block, &|| state.is_stopped()) };
        state.enter(worker_id, Stage::Claiming);
        // It is no part of the time that items take.
        self.last = Instant::now();
        goes_on.then_some(true)
    }

    /// Makes a copy of the worker's accumulators, which have everything before `next`, if there are
    /// any and it is time.
    fn checkpoint_if_due<K: Kernel, F>(
        &mut self,
        task: &Task<'_, K, F>,
        state: &MapState<'_>,
        worker_id: usize,
        next: usize,
    ) {
        let Some(handed_on) = self.hand_on(state, worker_id, next) else { return };
        let record = state.table.record(worker_id);
        // A block that the tree has is not to be run again.
        let is_due = || {
            handed_on
                || state.is_asked(record)
                || (state.is_exact && self.checkpoint_timer.is_due(record, next, self.last))
        };
        if state.checkpoints.are_kept() && is_due() {
            self.begin_live(state, record);
            // SAFETY: the worker's number is its own, and no slot of it is alive.
            let done = unsafe {
                let (timer, accumulators) = (&mut self.checkpoint_timer, &task.accumulators);
                timer.save(state.checkpoints, accumulators, worker_id, record, next, self.last)
            };
            self.show_live(state, record);
            // The copy is no part of the time that items take.
            self.note_turn(state, worker_id, SpanKind::Checkpoint);
            self.last = done;
        }
    }

    /// Makes a last checkpoint of a worker that has nothing more to do, or has whoever looks make
    /// it.
    #[cold]
    pub(super) fn show_last<K: Kernel, F>(
        &mut self,
        task: &Task<'_, K, F>,
        state: &MapState<'_>,
        worker_id: usize,
    ) {
        let record = state.table.record(worker_id);
        if state.checkpoints.are_kept() {
            let next = record.left().start;
            self.begin_live(state, record);
            if !state.checkpoints.leave(record, next) {
                // SAFETY: the worker's number is its own, and no slot of it is alive.
                unsafe { state.checkpoints.save(&task.accumulators, worker_id, record, next) };
            }
            self.show_live(state, record);
        }
    }

    /// Takes note of what was done since the last checkpoint.
    #[cold]
    fn add_to_live(&mut self, block: Range<usize>) {
        match self.since_checkpoint.last_mut() {
            Some(last) if last.end == block.start => last.end = block.end,
            _ => self.since_checkpoint.push(block),
        }
    }

    /// Begins a checkpoint, which nobody reads before it is whole.
    fn begin_live(&mut self, state: &MapState<'_>, record: &Record) {
        if state.is_live {
            self.question = state.table.question();
            state.table.begin_checkpoint(record);
        }
    }

    /// Tells, in a live map, what the checkpoint has that was just made.
    fn show_live(&mut self, state: &MapState<'_>, record: &Record) {
        if let Some(finished) = state.finished.filter(|_| state.is_live) {
            self.since_checkpoint.drain(..).for_each(|block| finished.note(block));
            record.answer(self.question);
            state.table.end_checkpoint(record);
        }
    }

    /// Notes what the checkpoint of a worker has that died, perhaps before it had noted that
    /// itself.
    #[cold]
    pub(super) fn show_again(&self, state: &MapState<'_>, record: &Record) {
        if let Some(finished) = state.finished.filter(|_| state.checkpoints.are_kept()) {
            let had = record.in_checkpoint();
            let without = left_out(state, had.clone());
            had.filter(|item| !without.contains(item))
                .for_each(|item| finished.note(item..item + 1));
        }
    }

    /// Forgets what was done since the last checkpoint, where the worker goes back to that.
    pub(super) fn go_back(&mut self) {
        self.since_checkpoint.clear();
    }

    /// Where a block may end that begins here and has at most so many items; of one item alone,
    /// behind that.
    fn end_of_next(
        &self,
        state: &MapState<'_>,
        start: usize,
        most: usize,
        is_single: bool,
    ) -> usize {
        let Some(present) = state.present.filter(|_| !is_single) else {
            return start.saturating_add(most);
        };
        let with_items = present.index(present.before(start).saturating_add(most));
        let absent = self.absent.max(most.saturating_mul(ABSENT_FOR_ITEM));
        let room = self.staging.as_ref().map_or(usize::MAX, StagingBuffer::items);
        with_items.unwrap_or(usize::MAX).min(start.saturating_add(absent.min(room)))
    }

    /// Chooses the size of the next block by the time that the last one took, with so many items
    /// in so many indices.
    fn adapt(&mut self, took: Duration, items: usize, indices: usize) {
        self.item_time = ItemTime::new(took, indices);
        // What an index without an item takes says nothing of those with one.
        let (size, most) = match items {
            0 => (&mut self.absent, usize::MAX / 2),
            _ => (&mut self.items, MOST_ITEMS_OF_A_BLOCK),
        };
        if took < LONG_ENOUGH {
            *size = size.saturating_mul(2).min(most);
        } else if took > TOO_LONG {
            *size = (*size / 2).max(1);
        }
    }
}

/// Enters what a share reads and writes of shared memory into this worker's page tables.
#[cold]
fn enter_pages<K: Kernel, F, R: ReadList<K::Items>>(
    task: &Task<'_, K, F>,
    state: &MapState<'_>,
    readers: &R,
    share: &Range<usize>,
) {
    let mut enter = |place| state.pages.enter(place);
    readers.places(share, &mut enter);
    // SAFETY: the share lies within the map, whose outputs are attached.
    unsafe { task.slots.places(share, &mut enter) };
}

/// Appends what the slots of a block of one item hold to the journal, before it is noted.
#[cold]
fn note_in<K, F, R>(
    journal: &Journal,
    task: &Task<'_, K, F>,
    block: &Range<usize>,
) -> BlockResult<K, R>
where
    K: Kernel,
    F: FunctorList<K::Items>,
    R: ReadList<K::Items>,
{
    let mut slots = Vec::new();
    // SAFETY: the worker has just run the index, which is its own, and no slot of it is alive.
    unsafe { task.pack_in_memory(block.start, &mut slots) };
    journal.append(block.clone(), &slots).map_err(|error| {
        let path = journal.path().display();
        BlockError::Journal(format!("{path}: {error}; make room, and go on with the job"))
    })
}

/// Notes in the job file that a block is finished, but for what the map goes on without.
#[cold]
fn note_block(state: &MapState<'_>, items: Range<usize>) {
    let mut without = left_out(state, items.clone());
    without.sort_unstable();
    let mut start = items.start;
    for index in without {
        state.note_for_good(start..index);
        start = index + 1;
    }
    state.note_for_good(start..items.end);
}

/// The indices of this range that the map goes on without; they are few.
fn left_out(state: &MapState<'_>, range: Range<usize>) -> Vec<usize> {
    if range.is_empty() {
        return Vec::new();
    }
    state.table.failures().skipped().filter(|index| range.contains(index)).collect()
}
