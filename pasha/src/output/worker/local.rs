//! Local copies of a worker's accumulators.

use super::Accumulators;

/// A worker's accumulators of one element, in local variables until this is dropped.
///
/// There the compiler can keep them in registers, as in a loop by hand. In the outputs it can't:
/// whatever else the kernel writes might be the same memory, for all that it knows, so each item
/// would wait until the sum of the one before had been stored and loaded again.
pub(crate) struct LocalAccumulators<'s, W: Accumulators> {
    accumulators: &'s W,
    worker_id: usize,
    pub(crate) local: W::Local,
}

impl<'s, W: Accumulators> LocalAccumulators<'s, W> {
    /// Copies a worker's accumulators.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the output was attached
    /// for, and uses its accumulators through `local` alone as long as this lives; no slot of it is
    /// alive.
    #[inline(always)]
    pub(crate) unsafe fn new(accumulators: &'s W, worker_id: usize) -> Self {
        // SAFETY: the caller alone is this worker, and none of its slots is alive.
        let local = unsafe { accumulators.local(worker_id) };
        LocalAccumulators { accumulators, worker_id, local }
    }
}

impl<W: Accumulators> Drop for LocalAccumulators<'_, W> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the caller of `new` promised to be this worker alone, and slots borrow `local`,
        // so none is alive any more.
        unsafe { self.accumulators.put_back(self.worker_id, &self.local) };
    }
}
