//! Accumulators of one element: `&mut A`.
//!
//! Elements are copied, never cloned: `Clone` is the user's code, which may panic or give another
//! value.

use super::Accumulators;
use crate::element::{Element, size_of_copy};

/// Accumulators of one element, `step` elements apart.
#[derive(Debug)]
pub struct ScalarAccumulators<A> {
    pub(super) first: *mut A,
    pub(super) step: usize,
}

// SAFETY: accumulators stand for `&mut A`s of different places, which may go to any thread if the
// elements may.
unsafe impl<A: Send> Send for ScalarAccumulators<A> {}
// SAFETY: the address alone gives no access; accumulators do by the contracts of `Accumulators`.
unsafe impl<A: Send> Sync for ScalarAccumulators<A> {}

impl<A> Clone for ScalarAccumulators<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ScalarAccumulators { ..*self }
    }
}

impl<A> ScalarAccumulators<A> {
    /// Where a worker's lies.
    #[inline(always)]
    fn place(&self, worker_id: usize) -> *mut A {
        self.first.wrapping_add(worker_id * self.step)
    }
}

// SAFETY: accumulators of different workers are `step` elements apart, at least one.
unsafe impl<A: Element> Accumulators for ScalarAccumulators<A> {
    const COUNT: usize = 1;

    type Slot<'s> = &'s mut A;
    type Local = A;

    #[inline(always)]
    unsafe fn local(&self, worker_id: usize) -> A {
        // SAFETY: the output was attached with room for this worker, which the caller alone is.
        unsafe { self.place(worker_id).read() }
    }

    #[inline(always)]
    unsafe fn slot<'s>(&self, _worker_id: usize, local: &'s mut A) -> &'s mut A {
        local
    }

    #[inline(always)]
    unsafe fn put_back(&self, worker_id: usize, local: &A) {
        // SAFETY: the output was attached with room for this worker, which the caller alone is.
        unsafe { self.place(worker_id).write(*local) };
    }

    fn saved_size(&self) -> usize {
        size_of_copy::<A>(1)
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        // SAFETY: the caller alone is this worker; `to` is aligned for and has room for an element.
        unsafe { to.cast::<A>().write(self.local(worker_id)) };
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        // SAFETY: the caller alone is this worker; `save` wrote an element.
        unsafe { self.put_back(worker_id, &from.cast::<A>().read()) };
    }
}
