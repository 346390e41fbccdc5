//! Blocks of a kernel with `stream_stores`.
//!
//! The kernel writes the slots of a block into a *staging buffer* of the worker's that stays in
//! its core's cache; after the block they are copied to their place with streaming stores. The
//! kernel needs to know nothing of it.

use std::ops::Range;

use super::inner_loop::{BlockError, BlockResult, Seat};
use super::task::{IndexSlotsOf, SlotsBy, Task};
use crate::element::{AlignedBytes, MOST_ALIGNED};
use crate::functor::list::{FunctorList, ReadList};
use crate::job::board::Current;
use crate::job::panic::ItemBeingRead;
use crate::kernel::{Kernel, Position};
use crate::memory::stream;
use crate::output::index::{IndexSlots, Staged};
use crate::output::position::SlotPosition;
use crate::output::slots::Slots;
use crate::output::worker::LocalAccumulators;

/// Small slots are staged by so many bytes: a few fill the first-level cache.
const BYTES: usize = 32 << 10;

/// One worker's staging buffer.
pub(super) struct StagingBuffer {
    lines: Vec<AlignedBytes>,
    /// Items that it has room for.
    items: usize,
}

impl StagingBuffer {
    /// A buffer for the outputs of a task, if any of them is to be staged and there is memory.
    pub(super) fn new<K: Kernel, F>(task: &Task<'_, K, F>) -> Option<StagingBuffer> {
        let size = |items| task.slots.staged_size(items);
        // Of many, so that what sizes are rounded up by does not count.
        const MANY_ITEMS: usize = 1 << 10;
        let items = (BYTES * MANY_ITEMS).checked_div(size(MANY_ITEMS))?.max(1);
        let num_lines = size(items).div_ceil(MOST_ALIGNED);
        let mut lines = Vec::new();
        lines.try_reserve_exact(num_lines).ok()?;
        lines.resize(num_lines, AlignedBytes::ZERO);
        Some(StagingBuffer { lines, items })
    }

    /// The most items of a block.
    pub(super) fn items(&self) -> usize {
        self.items
    }
}

/// As [`run_block`](super::inner_loop::run_block), by way of the staging buffer.
///
/// # Safety
/// As for `run_block`; and the buffer was made for this task and has room for the block.
#[inline(never)]
pub(super) unsafe fn run_block_staged<
    K: Kernel,
    F: FunctorList<K::Items>,
    R: ReadList<K::Items>,
>(
    task: &Task<'_, K, F>,
    readers: &mut R,
    scratch: &mut K::Scratch,
    block: Range<usize>,
    seat: &Seat<'_>,
    staging: &mut StagingBuffer,
) -> BlockResult<K, R, usize> {
    let Seat { worker_id, current, early_end } = *seat;
    let at_buffer = staging.lines.as_mut_ptr().cast::<u8>();
    // SAFETY: the caller has the block's indices; the buffer is aligned, this worker's alone, was
    // zeros at first, and is always used for slots of this run and this many items.
    let slots = unsafe { task.slots.staged(block.start, staging.items, at_buffer) };
    let mut out = StreamOut { task, slots: &slots, block, current, is_whole: false };
    let (kernel, slots, accumulators) = (task.kernel, slots.clone(), task.accumulators.clone());
    // SAFETY: the worker's number is the caller's own.
    let mut local = unsafe { LocalAccumulators::new(&task.accumulators, worker_id) };
    let number = task.first_worker + worker_id;
    for span in Current::spans(out.block.clone(), early_end.span()) {
        current.enter(span.start);
        let end = span.end;
        for index in span {
            current.note(index);
            let at = Position { index, worker_id: number };
            let place = SlotPosition { index: index - out.block.start, worker_id };
            // SAFETY: as the caller promises; each index comes once, and the slots of the one
            // before are gone.
            unsafe {
                if F::MAY_BE_ABSENT && !task.functors.are_present(index) {
                    slots.reset(place.index);
                    continue;
                }
                slots.refill(place.index);
                let reading = ItemBeingRead::begin();
                let items = readers.read_unchecked(index);
                reading.end();
                let items = items.map_err(BlockError::Read)?;
                let slot = SlotsBy::<K>::slot(&slots, &accumulators, place, &mut local.local);
                kernel.call(at, items, slot, scratch).map_err(BlockError::Kernel)?;
            }
        }
        if end < out.block.end && early_end.is_due() {
            out.block.end = end;
            break;
        }
    }
    out.is_whole = true;
    Ok(out.block.end)
}

/// Streams out what is finished when the block ends, however it does: what was finished before a
/// failure is not lost.
struct StreamOut<'s, 'r, K: Kernel, F> {
    task: &'s Task<'r, K, F>,
    slots: &'s IndexSlotsOf<K>,
    block: Range<usize>,
    /// The index that the worker is at.
    current: Current<'s>,
    is_whole: bool,
}

impl<K: Kernel, F> Drop for StreamOut<'_, '_, K, F> {
    fn drop(&mut self) {
        let Range { start, end } = self.block;
        let end = if self.is_whole { end } else { self.current.index().clamp(start, end) };
        // SAFETY: the worker alone has these indices, no slot is alive any more, and the staged
        // slots begin with that of the first index.
        unsafe { self.task.slots.stream_out(self.slots, &(start..end)) };
        stream::order();
    }
}
