//! The inner loop, and the blocks in which it runs.
//!
//! What a worker has to do is run in blocks. Between blocks a worker looks whether it is to stop and
//! notes how far it is; within a block there is nothing but reading, calling and writing, so that
//! a simple kernel compiles to what a hand-written loop does. A block is as long as it takes for
//! the work between blocks not to matter: slow items are blocks of their own, of fast ones
//! thousands make a block.

use std::ops::Range;
use std::sync::atomic::{Ordering, compiler_fence};
use std::time::{Duration, Instant};

use super::checkpoint::Pace;
use super::current::Current;
use super::forked::Generation;
use super::record::{Record, Stage as Doing};
use super::run::{Map, Run};
use super::stage::{Stage, run_block_staged};
use crate::functor::list::{FunctorList, ReadList};
use crate::kernel::{Kernel, Position};
use crate::memory::Settler;
use crate::output::returned::ReturnList;
use crate::output::slots::{InHand, Slots};

/// Blocks grow until they take this long.
const LONG_ENOUGH: Duration = Duration::from_micros(20);
/// Blocks shrink when they take longer than this.
const TOO_LONG: Duration = Duration::from_micros(100);
/// At this many items even the simplest kernel takes long enough.
const MOST_ITEMS: usize = 32 * 1024;

/// Why a block ended early; without values where nothing can fail.
pub(super) enum BlockError<R, K> {
    /// An item could not be read.
    Read(R),
    /// The kernel returned an error.
    Kernel(K),
    /// The item took longer than it may.
    Late,
}

/// One worker's blocks: how many items the next one has.
pub(super) struct Blocks<'m> {
    items: usize,
    last: Instant,
    pace: Pace,
    settler: Settler<'m>,
    stage: Option<Stage>,
    generation: Generation,
}

/// How a block of `K` over readers `R` fails.
pub(super) type Outcome<K, R> =
    Result<(), BlockError<<R as ReadList<<K as Kernel>::Items>>::Error, <K as Kernel>::Failure>>;

impl<'m> Blocks<'m> {
    /// Blocks of a worker of this run.
    pub(super) fn new<K: Kernel, F>(
        run: &'m Run<'_, K, F>,
        map: &Map<'_>,
        generation: Generation,
    ) -> Self {
        let now = Instant::now();
        let settler = Settler::new(&run.new_memory);
        let stage = if map.is_staged { Stage::new(run) } else { None };
        Blocks { items: 1, last: now, pace: Pace::new(now), settler, stage, generation }
    }

    /// The number of items in a share that is worth its claim: they take about as long as several
    /// claims.
    pub(super) fn worth_a_claim(&self) -> usize {
        if self.items == MOST_ITEMS { MOST_ITEMS } else { (self.items / 4).max(1) }
    }

    /// Runs what the worker has to do, block by block, until it is done, an item fails, or workers are
    /// to stop.
    pub(super) fn run<K, F, R>(
        &mut self,
        run: &Run<'_, K, F>,
        map: &Map<'_>,
        readers: &mut R,
        scratch: &mut K::Scratch,
        worker_id: usize,
    ) -> Outcome<K, R>
    where
        K: Kernel,
        F: FunctorList<K::Items>,
        R: ReadList<K::Items>,
    {
        let record = map.table.record(worker_id);
        let todo = record.left();
        assert!(todo.end <= run.len, "a share lies within the map");
        record.enter(Doing::BeginningShare);
        readers.begin(todo.clone());
        record.enter(Doing::Claiming);
        if !map.pages.is_empty() {
            enter_pages(run, map, readers, &todo);
        }
        self.last = Instant::now();
        let dirty_end = record.dirty_end();
        let left_out = left_out(map, todo.start..dirty_end);
        let mut next = todo.start;
        while next < todo.end && !map.table.is_stopped() {
            let missing = match map.job_file {
                None => next..todo.end,
                Some(file) => file.next_missing(next..todo.end).unwrap_or(todo.end..todo.end),
            };
            next = missing.start;
            if left_out.contains(&next) {
                next += 1;
                record.end_block(0, next, Duration::ZERO);
                self.keep(run, map, worker_id, next);
                continue;
            }
            // Items that may have been begun before are run one by one.
            let is_dirty = next < dirty_end;
            let room = self.stage.as_ref().map_or(MOST_ITEMS, Stage::items);
            let most = if is_dirty { 1 } else { self.items.min(room) };
            let block = next..missing.end.min(next.saturating_add(most));
            self.settle(run, map, &block);
            record.begin_block(block.start);
            let seat = Seat { worker_id, record, limit: map.limit };
            let outcome = if map.is_exact {
                let reset = is_dirty || map.job_file.is_some();
                // SAFETY: the share was claimed by this worker alone and lies within the map, the
                // readers were begun with it, and the seat makes the worker's number its own.
                unsafe { run_block_exactly(run, readers, scratch, block.clone(), &seat, reset) }
            } else {
                let (block, current) = (block.clone(), record.current());
                // SAFETY: as above; the stage was made for this run, and blocks fit it.
                unsafe {
                    // A constant first, so that only kernels with a stage compile this.
                    if const { K::STREAM_STORES }
                        && let Some(stage) = &mut self.stage
                    {
                        run_block_staged(run, readers, scratch, block, worker_id, current, stage)
                    } else {
                        run_block(run, readers, scratch, block, worker_id, current)
                    }
                }
            };
            self.generation.end_if_forked();
            let now = Instant::now();
            let took = now.duration_since(self.last);
            self.last = now;
            let finished = match outcome {
                Ok(()) => block.clone(),
                Err(_) => block.start..record.index(),
            };
            if let Some(file) = map.job_file {
                file.note(finished.clone());
            }
            if outcome.is_err() {
                record.count(finished.len(), took);
                return outcome;
            }
            record.end_block(block.len(), block.end, took);
            self.adapt(took);
            next = block.end;
            map.look(now);
            self.keep(run, map, worker_id, next);
        }
        Ok(())
    }

    /// Makes huge pages where a block is about to write new memory.
    fn settle<K: Kernel, F>(&mut self, run: &Run<'_, K, F>, map: &Map<'_>, block: &Range<usize>) {
        if self.settler.is_done() {
            return;
        }
        let mut settled = false;
        // SAFETY: the block lies within the map, whose outputs are attached, and its slots are
        // this worker's, so nobody else writes there.
        unsafe {
            let mut settle = |place| settled |= self.settler.settle(place);
            run.slots.places(block, &mut settle);
            run.returned.places(block, &mut settle);
        }
        if settled {
            map.table.count_pages(self.settler.take_outcome());
            // It is no part of the time that items take.
            self.last = Instant::now();
        }
    }

    /// Makes a copy of the worker's accumulators, which have everything before `next`, if there are
    /// any and it is time.
    fn keep<K: Kernel, F>(
        &mut self,
        run: &Run<'_, K, F>,
        map: &Map<'_>,
        worker_id: usize,
        next: usize,
    ) {
        if map.checkpoints.are_kept() {
            let record = map.table.record(worker_id);
            // SAFETY: the worker's number is its own, and no slot of it is alive.
            unsafe {
                self.pace.keep(map.checkpoints, &run.slots, worker_id, record, next, self.last);
            }
        }
    }

    /// Chooses the size of the next block by the time that the last one took.
    fn adapt(&mut self, took: Duration) {
        if took < LONG_ENOUGH {
            self.items = (self.items * 2).min(MOST_ITEMS);
        } else if took > TOO_LONG {
            self.items = (self.items / 2).max(1);
        }
    }
}

/// Enters what a share reads and writes of shared memory into this worker's page tables.
#[cold]
fn enter_pages<K: Kernel, F, R: ReadList<K::Items>>(
    run: &Run<'_, K, F>,
    map: &Map<'_>,
    readers: &R,
    share: &Range<usize>,
) {
    let mut enter = |place| map.pages.enter(place);
    readers.places(share, &mut enter);
    // SAFETY: the share lies within the map, whose outputs are attached.
    unsafe {
        run.slots.places(share, &mut enter);
        run.returned.places(share, &mut enter);
    }
}

/// The indices of this range that the map goes on without; they are few.
fn left_out(map: &Map<'_>, range: Range<usize>) -> Vec<usize> {
    if range.is_empty() {
        return Vec::new();
    }
    map.table.skipped().filter(|index| range.contains(index)).collect()
}

/// Who runs a block, and how long each of its items may take.
struct Seat<'s> {
    worker_id: usize,
    record: &'s Record,
    limit: Option<Duration>,
}

/// The innermost loop. A function of its own, so that the compiler knows that its arguments do
/// not overlap and keeps them in registers.
///
/// # Safety
/// The caller alone has the indices of `block` and the number `worker_id`; both lie within what
/// the outputs were attached for; and `readers` were begun with a share that holds the block.
#[inline(never)]
pub(super) unsafe fn run_block<K: Kernel, F: FunctorList<K::Items>, R: ReadList<K::Items>>(
    run: &Run<'_, K, F>,
    readers: &mut R,
    scratch: &mut K::Scratch,
    block: Range<usize>,
    worker_id: usize,
    current: Current<'_>,
) -> Outcome<K, R> {
    // Copies in local variables: nothing that the kernel writes can change them.
    let (kernel, slots, returned) = (run.kernel, run.slots.clone(), run.returned.clone());
    // SAFETY: the worker's number is the caller's own.
    let mut in_hand = unsafe { InHand::take(&run.slots, worker_id) };
    for span in Current::spans(block) {
        current.enter(span.start);
        for index in span {
            current.note(index);
            let at = Position { index, worker_id };
            // SAFETY: as the caller promises; each index comes once, and the slots of the one before
            // are gone.
            unsafe {
                if F::MAY_BE_ABSENT && !run.functors.are_present(index) {
                    slots.reset(at);
                    returned.reset(at);
                    continue;
                }
                let items = readers.read_unchecked(index).map_err(BlockError::Read)?;
                let values = kernel
                    .call(at, items, in_hand.slot(&slots, at), scratch)
                    .map_err(BlockError::Kernel)?;
                K::Returned::store(&returned, at, values);
            }
        }
    }
    Ok(())
}

/// The same for maps that go on after a failure: at any moment the index in the record is that
/// of the first item that is not finished, all before are, and nothing of the later ones is
/// written. With `reset` each slot is first put back to what it was before the map.
///
/// # Safety
/// As for [`run_block`].
#[inline(never)]
unsafe fn run_block_exactly<K: Kernel, F: FunctorList<K::Items>, R: ReadList<K::Items>>(
    run: &Run<'_, K, F>,
    readers: &mut R,
    scratch: &mut K::Scratch,
    block: Range<usize>,
    seat: &Seat<'_>,
    reset: bool,
) -> Outcome<K, R> {
    let (kernel, slots, returned) = (run.kernel, run.slots.clone(), run.returned.clone());
    let (current, calls) = (seat.record.current(), seat.record.calls());
    for index in block {
        let at = Position { index, worker_id: seat.worker_id };
        // SAFETY: as the caller promises; each index comes once, and the slots of the one before
        // are gone. The fences keep the compiler from moving what belongs to one item into
        // another; the end of a process keeps the order of its stores.
        unsafe {
            compiler_fence(Ordering::SeqCst);
            current.enter_now(index);
            calls.write_volatile(calls.read_volatile().wrapping_add(1));
            compiler_fence(Ordering::SeqCst);
            let is_absent = F::MAY_BE_ABSENT && !run.functors.are_present(index);
            if reset || is_absent {
                slots.reset(at);
                returned.reset(at);
            }
            if is_absent {
                continue;
            }
            let begun = seat.limit.map(|limit| (limit, Instant::now()));
            let items = readers.read_unchecked(index).map_err(BlockError::Read)?;
            let values =
                kernel.call(at, items, slots.slot(at), scratch).map_err(BlockError::Kernel)?;
            K::Returned::store(&returned, at, values);
            if begun.is_some_and(|(limit, begun)| begun.elapsed() > limit) {
                return Err(BlockError::Late);
            }
        }
    }
    compiler_fence(Ordering::SeqCst);
    Ok(())
}
