//! Which items run for very long: forked workers that wait for a lock or a thread of the program
//! wait for ever, and the caller is told so.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use memmap2::MmapRaw;
use rustix::fs::MemfdFlags;

/// How long an item may run before the caller is told.
const LONG: Duration = Duration::from_secs(60);

/// What each worker is at, in memory that all share, and since when the caller has seen that.
pub(crate) struct SlowItems {
    memory: MmapRaw,
    num_workers: usize,
    seen: Mutex<Vec<(u64, Instant)>>,
    long: Duration,
}

impl SlowItems {
    /// For this many workers; `long` if it is not to be a minute.
    pub(crate) fn new(num_workers: usize, long: Option<Duration>) -> io::Result<SlowItems> {
        let file = File::from(rustix::fs::memfd_create("pasha items", MemfdFlags::CLOEXEC)?);
        let bytes = num_workers.max(1) * size_of::<AtomicU64>();
        file.set_len(bytes as u64)?;
        let memory = MmapRaw::map_raw(&file)?;
        let seen = Mutex::new(vec![(0, Instant::now()); num_workers]);
        Ok(SlowItems { memory, num_workers, seen, long: long.unwrap_or(LONG) })
    }

    fn cell(&self, worker_id: usize) -> Option<&AtomicU64> {
        let place = self.memory.as_mut_ptr().cast::<u64>();
        // SAFETY: the mapping is as long as one number for each worker, begins at a page, lives as
        // long as `self`, and is only used by way of such atomics.
        (worker_id < self.num_workers).then(|| unsafe { AtomicU64::from_ptr(place.add(worker_id)) })
    }

    /// Notes that a worker begins an item.
    pub(crate) fn begin(&self, worker_id: usize, index: usize) {
        if let Some(cell) = self.cell(worker_id) {
            cell.store(index as u64 + 1, Ordering::Relaxed);
        }
    }

    /// Notes that it has ended it.
    pub(crate) fn end(&self, worker_id: usize) {
        if let Some(cell) = self.cell(worker_id) {
            cell.store(0, Ordering::Relaxed);
        }
    }

    /// An item that has been running for too long since the last look, if there is one, with its
    /// worker. An item is told of once.
    pub(crate) fn look(&self) -> Option<(usize, usize)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        for (worker_id, (was, since)) in seen.iter_mut().enumerate() {
            let is = self.cell(worker_id).map_or(0, |cell| cell.load(Ordering::Relaxed));
            if is != *was {
                (*was, *since) = (is, now);
            } else if is != 0 && now > *since && now - *since > self.long {
                // Not again, whatever becomes of it.
                *since = now + Duration::from_secs(1 << 32);
                return Some((worker_id, is as usize - 1));
            }
        }
        None
    }

    /// After what time an item is told of.
    pub(crate) fn long(&self) -> Duration {
        self.long
    }
}
