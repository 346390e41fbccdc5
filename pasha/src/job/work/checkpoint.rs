//! Copies of the workers' accumulators, so that what a failed item has added can be undone, and
//! that they can be looked at while a map runs.
//!
//! A kernel adds to its accumulators step by step; when it fails, or its process is killed, it is
//! in the middle. So each worker keeps two copies of its accumulators, one valid, and goes back to
//! that one after a failure. A copy and the index up to which it has everything become valid in one
//! store.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::job::board::Record;
use crate::memory::{Mapping, MappingId, Memory, Pages};
use crate::output::worker::Accumulators;

/// A copy is made when the work since the last took this many times as long as that copy …
const TIMES_THE_COST: u32 = 20;
/// … and at least this long.
const LEAST_INTERVAL: Duration = Duration::from_millis(2);

/// Two copies of the accumulators of each worker; none for kernels without accumulators, and where
/// the first failure ends the map and nobody looks at it.
pub(crate) struct Checkpoints {
    mapping: Option<Mapping>,
    size: usize,
}

impl Checkpoints {
    /// No copies.
    pub(crate) fn none() -> Self {
        Checkpoints { mapping: None, size: 0 }
    }

    /// Makes a first copy for each worker.
    ///
    /// # Safety
    /// The accumulators are attached for this many workers, none of which has started.
    pub(crate) unsafe fn new<W: Accumulators>(
        accumulators: &W,
        num_workers: usize,
        memory: Memory,
        pages: Pages,
    ) -> Result<Checkpoints> {
        let size = accumulators.saved_size();
        let mut mapping = Mapping::anonymous(2 * num_workers * size, memory, pages)?;
        mapping.make_huge_pages();
        let checkpoints = Checkpoints { mapping: Some(mapping), size };
        for worker_id in 0..num_workers {
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
        start.wrapping_add((2 * worker_id + checkpoint) * self.size)
    }

    /// Copies what a worker's checkpoint has into the accumulators of this worker in others.
    ///
    /// # Safety
    /// These are accumulators of the same outputs and shapes as those that the copies were made of,
    /// attached for a worker of this number, and nobody else uses them; and no worker makes a
    /// checkpoint meanwhile.
    pub(crate) unsafe fn show<W: Accumulators>(
        &self,
        accumulators: &W,
        worker_id: usize,
        record: &Record,
    ) {
        if self.are_kept() {
            // SAFETY: the caller promises accumulators that fit, and that nobody writes the copy,
            // which is the valid one.
            unsafe { accumulators.load(worker_id, self.place(worker_id, record.checkpoint())) };
        }
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
        // SAFETY: the caller is this worker, so nobody else makes a checkpoint of it, or uses its
        // accumulators, which are those that the copies were made of.
        unsafe { self.show(accumulators, worker_id, record) };
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
        // SAFETY: as the caller promises; the other copy is not valid, so it may be half written.
        unsafe { accumulators.save(worker_id, self.place(worker_id, other)) };
        record.set_checkpoint(index, other);
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
