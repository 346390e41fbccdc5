//! Copies of the workers' accumulators, so that what a failed item has added can be undone, and
//! that they can be looked at while a map runs.
//!
//! A kernel adds to its accumulators step by step; when it fails, or its process is killed, it is
//! in the middle. So each worker keeps two copies of its accumulators, one valid, and goes back to
//! that one after a failure. A copy and the index up to which it has everything become valid in one
//! store. Where no worker is replaced that was killed, one copy will do for those who look.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::job::board::Record;
use crate::memory::{Mapping, MappingId, Memory, Pages};
use crate::output::worker::Accumulators;

/// A copy is made when the work since the last took this many times as long as that copy …
const TIMES_THE_COST: u32 = 20;
/// … and at least this long.
const LEAST_INTERVAL: Duration = Duration::from_millis(2);

/// What copies of accumulators are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckpointUse {
    /// To go on from after a failure, and perhaps to be looked at. One of two is whole at any time.
    Recovery,
    /// To be looked at, in a map in which no worker is replaced that was killed: one of each worker
    /// will do.
    Looks,
}

/// Copies of the accumulators of each worker; none for kernels without accumulators, and where
/// the first failure ends the map and nobody looks at it.
pub(crate) struct Checkpoints {
    mapping: Option<Mapping>,
    size: usize,
    copies_of_a_worker: usize,
}

impl Checkpoints {
    /// No copies.
    pub(crate) fn none() -> Self {
        Checkpoints { mapping: None, size: 0, copies_of_a_worker: 0 }
    }

    /// Makes room for the copies, and a first one for each worker, to which it can go back.
    ///
    /// # Safety
    /// The accumulators are attached for this many workers, none of which has started.
    pub(crate) unsafe fn new<W: Accumulators>(
        accumulators: &W,
        num_workers: usize,
        needed_for: CheckpointUse,
        memory: Memory,
        pages: Pages,
    ) -> Result<Checkpoints> {
        let size = accumulators.saved_size();
        let (copies_of_a_worker, pages) = match needed_for {
            CheckpointUse::Recovery => (2, pages),
            CheckpointUse::Looks => (1, Pages::FOR_LOOKS),
        };
        let bytes = copies_of_a_worker * num_workers * size;
        let mapping = Mapping::anonymous(bytes, memory, pages);
        let number = copies_of_a_worker * num_workers;
        let mut mapping = mapping.map_err(|error| error.of_accumulators(number))?;
        mapping.make_huge_pages();
        let checkpoints = Checkpoints { mapping: Some(mapping), size, copies_of_a_worker };
        let with_first = if needed_for == CheckpointUse::Recovery { num_workers } else { 0 };
        for worker_id in 0..with_first {
            // SAFETY: as the caller promises, and the place has room for the copy.
            unsafe { accumulators.save(worker_id, checkpoints.place(worker_id, 0)) };
        }
        Ok(checkpoints)
    }

    /// Whether there are any.
    pub(crate) fn are_kept(&self) -> bool {
        self.mapping.is_some()
    }

    /// Which mapping they lie in, if there are any.
    pub(crate) fn mapping_id(&self) -> Option<MappingId> {
        self.mapping.as_ref().map(Mapping::id)
    }

    fn place(&self, worker_id: usize, checkpoint: usize) -> *mut u8 {
        let start = self.mapping.as_ref().map_or(std::ptr::null_mut(), |m| m.start().as_ptr());
        let of_worker = checkpoint.min(self.copies_of_a_worker.saturating_sub(1));
        start.wrapping_add((self.copies_of_a_worker * worker_id + of_worker) * self.size)
    }

    /// Where a worker's checkpoint lies, if it has one: what `Accumulators::save` has written.
    pub(crate) fn valid(&self, worker_id: usize, record: &Record) -> Option<*const u8> {
        let is_there = match self.copies_of_a_worker {
            0 => false,
            1 => record.has_checkpoint(),
            _ => true,
        };
        is_there.then(|| self.place(worker_id, record.checkpoint()).cast_const())
    }

    /// Puts a worker's accumulators back to what they were at its checkpoint.
    ///
    /// # Safety
    /// The caller is this worker, the accumulators are those that the copies were made of, and no
    /// slot of the worker's is alive.
    pub(crate) unsafe fn restore<W: Accumulators>(
        &self,
        accumulators: &W,
        worker_id: usize,
        record: &Record,
    ) {
        if let Some(checkpoint) = self.valid(worker_id, record) {
            // SAFETY: the caller is this worker, so nobody else makes a checkpoint of it, or uses
            // its accumulators, which are those that the copies were made of.
            unsafe { accumulators.load(worker_id, checkpoint) };
        }
    }

    /// Copies a worker's accumulators, which have everything before `index`.
    ///
    /// # Safety
    /// As for [`restore`](Self::restore).
    pub(super) unsafe fn save<W: Accumulators>(
        &self,
        accumulators: &W,
        worker_id: usize,
        record: &Record,
        index: usize,
    ) {
        let other = 1 - record.checkpoint();
        // SAFETY: as the caller promises; the other copy is not valid, or the only one, which
        // nobody reads while it is written: it may be half written.
        unsafe { accumulators.save(worker_id, self.place(worker_id, other)) };
        record.set_checkpoint(index, other);
    }

    /// Leaves the accumulators of a worker that has nothing more to do to whoever looks, who copies
    /// them if there is another look; `false` where a copy is needed to go on from.
    pub(super) fn leave(&self, record: &Record, index: usize) -> bool {
        let is_for_looks = self.copies_of_a_worker == 1;
        if is_for_looks {
            record.leave_accumulators(index);
        }
        is_for_looks
    }

    /// Copies the accumulators that a worker has left, if it has, and nobody has copied them.
    ///
    /// # Safety
    /// The accumulators are those that the copies are made of, and still attached; the caller alone
    /// makes copies meanwhile, and reads none.
    pub(crate) unsafe fn save_left<W: Accumulators>(
        &self,
        accumulators: &W,
        worker_id: usize,
        record: &Record,
    ) {
        if record.has_left_accumulators() {
            // SAFETY: the worker uses its accumulators no more, and none takes its place: `leave`
            // is for maps in which no worker goes on after a failure.
            unsafe { self.save(accumulators, worker_id, record, record.checkpoint_index()) };
        }
    }
}

/// When one worker makes its next copy.
pub(crate) struct CheckpointTimer {
    last: Instant,
    cost: Duration,
}

impl CheckpointTimer {
    pub(crate) fn new(now: Instant) -> CheckpointTimer {
        CheckpointTimer { last: now, cost: Duration::ZERO }
    }

    /// Whether it is time for a copy, or the share is done and the next may begin elsewhere.
    pub(super) fn is_due(&self, record: &Record, index: usize, now: Instant) -> bool {
        let due = LEAST_INTERVAL.max(self.cost * TIMES_THE_COST);
        index == record.todo_end() || now.duration_since(self.last) > due
    }

    /// Makes a copy, and says when it was done.
    ///
    /// # Safety
    /// As for [`Checkpoints::restore`].
    pub(super) unsafe fn save<W: Accumulators>(
        &mut self,
        checkpoints: &Checkpoints,
        accumulators: &W,
        worker_id: usize,
        record: &Record,
        index: usize,
        now: Instant,
    ) -> Instant {
        // SAFETY: as the caller promises.
        unsafe { checkpoints.save(accumulators, worker_id, record, index) };
        self.last = Instant::now();
        self.cost = self.last.duration_since(now);
        self.last
    }
}
