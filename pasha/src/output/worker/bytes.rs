//! A worker's accumulators as bytes, whatever their type: what is saved of them while a map runs.

use super::Accumulators;

/// The accumulators of one output that are not merged.
///
/// # Safety
/// An implementation must give accumulators of different workers that do not overlap.
pub unsafe trait AccumulatorBytes: Sync {
    /// The bytes of a copy of one worker's, a multiple of
    /// [`MOST_ALIGNED`](crate::element::MOST_ALIGNED).
    fn bytes(&self) -> usize;

    /// Copies the accumulators of a worker to another place.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for, and none of its slots is alive. `to` is aligned to `MOST_ALIGNED` and valid for writes
    /// of [`bytes`](Self::bytes) bytes that nothing else uses.
    unsafe fn save(&self, worker_id: usize, to: *mut u8);

    /// Copies the accumulators of a worker back.
    ///
    /// # Safety
    /// As for [`save`](Self::save), and `save` has written what is at `from`, of this kernel and
    /// these outputs, perhaps in another process.
    unsafe fn load(&self, worker_id: usize, from: *const u8);
}

/// Accumulators of a known type, as bytes.
pub(super) struct BytesOf<W>(pub(super) W);

// SAFETY: `Accumulators` promises the same of different workers.
unsafe impl<W: Accumulators> AccumulatorBytes for BytesOf<W> {
    fn bytes(&self) -> usize {
        self.0.saved_size()
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        // SAFETY: what the caller promises is what `Accumulators::save` asks for.
        unsafe { self.0.save(worker_id, to) };
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        // SAFETY: what the caller promises is what `Accumulators::load` asks for.
        unsafe { self.0.load(worker_id, from) };
    }
}
