//! The inner loop, and the blocks in which it runs.
//!
//! A share is run in blocks. Between blocks a worker looks whether it is to stop and notes how far
//! it is; within a block there is nothing but reading, calling and writing, so that a simple
//! kernel compiles to what a hand-written loop does. A block is as long as it takes for the work
//! between blocks not to matter: slow items are blocks of their own, of fast ones thousands make
//! a block.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::Run;
use super::table::{Record, Table};
use crate::functor::list::{FunctorList, ReadList};
use crate::kernel::{Kernel, Position};
use crate::output::list::SpecList;
use crate::output::returned::ReturnList;
use crate::output::slots::Slots;

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
}

/// One worker's blocks: how many items the next one has.
pub(super) struct Blocks {
    items: usize,
    last: Instant,
}

/// How a block of `K` over readers `R` fails.
type Outcome<K, R> =
    Result<(), BlockError<<R as ReadList<<K as Kernel>::Items>>::Error, <K as Kernel>::Failure>>;

impl Blocks {
    pub(super) fn new() -> Self {
        Blocks { items: 1, last: Instant::now() }
    }

    /// Runs a share, block by block, until it is done or workers are to stop.
    #[allow(clippy::too_many_arguments, reason = "the loop's own state, each of another kind")]
    pub(super) fn run<K, F, R>(
        &mut self,
        run: &Run<'_, K, F>,
        readers: &mut R,
        scratch: &mut K::Scratch,
        share: Range<usize>,
        worker_id: usize,
        record: &Record,
        table: &Table,
    ) -> Outcome<K, R>
    where
        K: Kernel,
        F: FunctorList<K::Items>,
        R: ReadList<K::Items>,
    {
        assert!(share.end <= run.len, "a share lies within the map");
        readers.begin(share.clone());
        let mut start = share.start;
        while start < share.end && !table.is_stopped() {
            let end = share.end.min(start.saturating_add(self.items));
            record.begin_block(start);
            // SAFETY: the share was claimed by this worker alone and lies within the map, the
            // readers were begun with it, and the seat makes the worker's number its own.
            unsafe {
                run_block(
                    run.kernel,
                    readers,
                    &run.slots,
                    &run.returned,
                    scratch,
                    start..end,
                    worker_id,
                    record.current(),
                )?;
            }
            record.end_block(end - start);
            self.adapt();
            start = end;
        }
        Ok(())
    }

    /// Chooses the size of the next block by the time that the last one took.
    fn adapt(&mut self) {
        let now = Instant::now();
        let took = now.duration_since(self.last);
        self.last = now;
        if took < LONG_ENOUGH {
            self.items = (self.items * 2).min(MOST_ITEMS);
        } else if took > TOO_LONG {
            self.items = (self.items / 2).max(1);
        }
    }
}

/// The innermost loop. A function of its own, so that the compiler knows that its arguments do
/// not overlap and keeps them in registers.
///
/// # Safety
/// The caller alone has the indices of `block` and the number `worker_id`; both lie within what
/// the outputs were attached for; `readers` were begun with a share that holds the block; and
/// `current` is valid for writes that nobody reads meanwhile.
#[inline(never)]
#[allow(clippy::too_many_arguments, reason = "each in a register of its own")]
unsafe fn run_block<K: Kernel, R: ReadList<K::Items>>(
    kernel: &K,
    readers: &mut R,
    slots: &<K::Specs as SpecList>::Slots,
    returned: &<K::Returned as SpecList>::Slots,
    scratch: &mut K::Scratch,
    block: Range<usize>,
    worker_id: usize,
    current: *mut usize,
) -> Outcome<K, R> {
    // Copies in local variables: nothing that the kernel writes can change them.
    let (slots, returned) = (slots.clone(), returned.clone());
    for index in block {
        let at = Position { index, worker_id };
        // SAFETY: as the caller promises; each index comes once, and the slots of the one before
        // are gone.
        unsafe {
            *current = index;
            let items = readers.read_unchecked(index).map_err(BlockError::Read)?;
            let values =
                kernel.call(at, items, slots.slot(at), scratch).map_err(BlockError::Kernel)?;
            K::Returned::store(&returned, at, values);
        }
    }
    Ok(())
}
