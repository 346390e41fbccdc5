//! The inner loop.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{Ordering, compiler_fence};
use std::time::{Duration, Instant};

use super::early_end::EarlyEnd;
use super::task::{SlotsBy, Task};
use crate::functor::list::{FunctorList, ReadList};
use crate::job::board::{Current, Record, Timed};
use crate::job::panic::ItemBeingRead;
use crate::kernel::{Kernel, Position};
use crate::output::index::IndexSlots;
use crate::output::position::SlotPosition;
use crate::output::slots::Slots;
use crate::output::worker::LocalAccumulators;

/// Why a block ended early; without values where nothing can fail.
pub(super) enum BlockError<R, K> {
    /// An item could not be read.
    Read(R),
    /// The kernel returned an error.
    Kernel(K),
    /// The length of a ragged slot could not be found, for this reason.
    NoLength(String),
    /// The item took longer than it may.
    Late,
    /// What its slots hold could not be written to the journal, for this reason.
    Journal(String),
}

/// How a block of `K` over readers `R` fails.
pub(super) type BlockResult<K, R, T = ()> =
    Result<T, BlockError<<R as ReadList<<K as Kernel>::Items>>::Error, <K as Kernel>::Failure>>;

/// Who runs a block, and when it ends early.
#[derive(Clone, Copy)]
pub(super) struct Seat<'s> {
    pub(super) worker_id: usize,
    pub(super) current: Current<'s>,
    pub(super) early_end: &'s EarlyEnd<'s>,
}

/// Who runs a block, and how long each of its items may take.
pub(super) struct ExactBlock<'s> {
    pub(super) worker_id: usize,
    pub(super) record: &'s Record,
    pub(super) limit: Option<Duration>,
    pub(super) early_end: &'s EarlyEnd<'s>,
    /// The slowest item of the block, where items are timed.
    pub(super) slowest: Cell<Timed>,
}

impl ExactBlock<'_> {
    /// Takes note of how long an item has taken; whether that is too long.
    fn is_late(&self, index: usize, begun: Instant, limit: Duration) -> bool {
        let took = begun.elapsed();
        if took > self.slowest.get().took {
            self.slowest.set(Timed { index, begun: Some(begun), took });
        }
        took > limit
    }
}

/// The innermost loop, which gives the index behind the last item that it ran. A function of its
/// own, so that the compiler knows that its arguments do not overlap and keeps them in registers.
///
/// # Safety
/// The caller alone has the indices of `block` and the number of the seat; both lie within what
/// the outputs were attached for; and `readers` were begun with a share that holds the block.
#[inline(never)]
pub(super) unsafe fn run_block<K: Kernel, F: FunctorList<K::Items>, R: ReadList<K::Items>>(
    task: &Task<'_, K, F>,
    readers: &mut R,
    scratch: &mut K::Scratch,
    block: Range<usize>,
    seat: &Seat<'_>,
) -> BlockResult<K, R, usize> {
    // Copies in local variables: nothing that the kernel writes can change them.
    let Seat { worker_id, current, early_end } = *seat;
    let (kernel, slots, accumulators) =
        (task.kernel, task.slots.clone(), task.accumulators.clone());
    // SAFETY: the worker's number is the caller's own.
    let mut local = unsafe { LocalAccumulators::new(&task.accumulators, worker_id) };
    let number = task.first_worker + worker_id;
    let end_of_block = block.end;
    for span in Current::spans(block, early_end.span()) {
        current.enter(span.start);
        let end = span.end;
        for index in span {
            current.note(index);
            let (at, place) =
                (Position { index, worker_id: number }, SlotPosition { index, worker_id });
            // SAFETY: as the caller promises; each index comes once, and the slots of the one
            // before are gone.
            unsafe {
                if F::MAY_BE_ABSENT && !task.functors.are_present(index) {
                    slots.reset(index);
                    continue;
                }
                let reading = ItemBeingRead::begin();
                let items = readers.read_unchecked(index);
                reading.end();
                let items = items.map_err(BlockError::Read)?;
                let slot = SlotsBy::<K>::slot(&slots, &accumulators, place, &mut local.local);
                kernel.call(at, items, slot, scratch).map_err(BlockError::Kernel)?;
            }
        }
        if end < end_of_block && early_end.is_due() {
            return Ok(end);
        }
    }
    Ok(end_of_block)
}

/// The same for maps that go on after a failure: at any moment the index in the record is that
/// of the first item that is not finished, all before are, and nothing of the later ones is
/// written. With `reset` each slot is first put back to what it was before the map.
///
/// # Safety
/// As for [`run_block`].
#[inline(never)]
pub(super) unsafe fn run_block_exactly<
    K: Kernel,
    F: FunctorList<K::Items>,
    R: ReadList<K::Items>,
>(
    task: &Task<'_, K, F>,
    readers: &mut R,
    scratch: &mut K::Scratch,
    block: Range<usize>,
    seat: &ExactBlock<'_>,
    reset: bool,
) -> BlockResult<K, R, usize> {
    let (kernel, slots, accumulators) =
        (task.kernel, task.slots.clone(), task.accumulators.clone());
    let (current, calls) = (seat.record.current(), seat.record.calls());
    let (early_end, end_of_block) = (seat.early_end, block.end);
    let mut next_look = block.start.saturating_add(early_end.span());
    for index in block {
        if index >= next_look {
            if early_end.is_due() {
                return Ok(index);
            }
            next_look = index.saturating_add(early_end.span());
        }
        let place = SlotPosition { index, worker_id: seat.worker_id };
        let at = Position { index, worker_id: task.first_worker + seat.worker_id };
        // SAFETY: as the caller promises; each index comes once, and the slots of the one before
        // are gone. The fences keep the compiler from moving what belongs to one item into
        // another; the end of a process keeps the order of its stores.
        unsafe {
            compiler_fence(Ordering::SeqCst);
            current.enter_now(index);
            calls.write_volatile(calls.read_volatile().wrapping_add(1));
            compiler_fence(Ordering::SeqCst);
            let is_absent = F::MAY_BE_ABSENT && !task.functors.are_present(index);
            if reset || is_absent {
                slots.reset(index);
            }
            if is_absent {
                continue;
            }
            if const { K::RAGGED > 0 }
                && let Some(reason) = task.failed_lengths.and_then(|failed| failed.get(&index))
            {
                return Err(BlockError::NoLength(reason.clone()));
            }
            let begun = seat.limit.map(|limit| (limit, Instant::now()));
            let reading = ItemBeingRead::begin();
            let items = readers.read_unchecked(index);
            reading.end();
            let items = items.map_err(BlockError::Read)?;
            let mut local = LocalAccumulators::new(&task.accumulators, seat.worker_id);
            let slot = SlotsBy::<K>::slot(&slots, &accumulators, place, &mut local.local);
            kernel.call(at, items, slot, scratch).map_err(BlockError::Kernel)?;
            drop(local);
            if begun.is_some_and(|(limit, begun)| seat.is_late(index, begun, limit)) {
                return Err(BlockError::Late);
            }
        }
    }
    compiler_fence(Ordering::SeqCst);
    Ok(end_of_block)
}
