//! Outputs with one accumulator for each worker: `#[per_worker]` and `#[reduce]`.

mod array;
mod bytes;
mod list;
mod local;
mod padded;
mod per_worker;
mod reduce;
mod reduction;
mod saved;
mod scalar;

pub(crate) use bytes::AccumulatorBytes;
pub(crate) use local::LocalAccumulators;
pub use per_worker::{PerWorker, PerWorkerScalar};
pub use reduce::{Reduce, ReduceScalar};
pub(crate) use reduction::{OtherAccumulator, Reduction};
pub(crate) use saved::SavedAccumulators;

/// Raw access to accumulators: slots that belong to workers.
///
/// The worker loop (`job::work`) upholds the contracts of its functions: it gets a worker's number
/// from the seat that it took, so that no other worker has it.
///
/// # Safety
/// An implementation must give accumulators of different workers that do not overlap, and be
/// `Send + Sync` only if its elements are `Send`.
pub unsafe trait Accumulators: Clone + Send + Sync {
    /// How many outputs they are of.
    const COUNT: usize;

    /// What the kernel's parameter gets.
    type Slot<'s>;

    /// Copies of accumulators of one element, in local variables while a block runs; of others,
    /// nothing.
    type Local;

    /// Makes local copies of a worker's accumulators.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for, and none of its slots is alive.
    unsafe fn local(&self, worker_id: usize) -> Self::Local;

    /// The accumulator of a worker: the local copy, where there is one.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for; none of its slots is alive; and the output outlives the slot.
    unsafe fn slot<'s>(&self, worker_id: usize, local: &'s mut Self::Local) -> Self::Slot<'s>;

    /// Puts back what [`local`](Self::local) has copied.
    ///
    /// # Safety
    /// As for `local`.
    unsafe fn put_back(&self, worker_id: usize, local: &Self::Local);

    /// The bytes that a copy of one worker's accumulators takes, a multiple of
    /// [`MOST_ALIGNED`](crate::element::MOST_ALIGNED).
    fn saved_size(&self) -> usize;

    /// Copies the accumulators of a worker to another place.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for, and none of its slots is alive. `to` is aligned to `MOST_ALIGNED` and valid for writes
    /// of [`saved_size`](Self::saved_size) bytes that nothing else uses.
    unsafe fn save(&self, worker_id: usize, to: *mut u8);

    /// Copies the accumulators of a worker back.
    ///
    /// # Safety
    /// As for [`save`](Self::save), and `save` has written what is at `from`.
    unsafe fn load(&self, worker_id: usize, from: *const u8);
}
