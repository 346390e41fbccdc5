//! Accumulators that are arrays: `ArrayViewMut<A, D>`.

use ndarray::{ArrayView, ArrayViewMut, Dimension};

use super::Accumulators;
use crate::array::copy_elements;
use crate::element::{Element, size_of_copy};
use crate::output::sub_arrays::SubArrays;

/// Accumulators that are arrays.
#[derive(Debug)]
pub struct ArrayAccumulators<A, D>(pub(super) SubArrays<A, D>);

impl<A, D: Clone> Clone for ArrayAccumulators<A, D> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ArrayAccumulators(self.0.clone())
    }
}

// SAFETY: accumulators are sub-arrays that do not overlap.
unsafe impl<A: Element, D: Dimension> Accumulators for ArrayAccumulators<A, D> {
    const COUNT: usize = 1;

    type Slot<'s> = ArrayViewMut<'s, A, D>;
    type Local = ();

    #[inline(always)]
    unsafe fn local(&self, _worker_id: usize) {}

    #[inline(always)]
    unsafe fn slot<'s>(&self, worker_id: usize, (): &'s mut ()) -> ArrayViewMut<'s, A, D> {
        // SAFETY: the output was attached with a sub-array for this worker, which the caller alone
        // is, and no other slot of it is alive.
        unsafe { self.0.get(worker_id) }
    }

    #[inline(always)]
    unsafe fn put_back(&self, _worker_id: usize, (): &()) {}

    fn saved_size(&self) -> usize {
        size_of_copy::<A>(self.0.size())
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        // SAFETY: the caller alone is this worker; `to` is aligned and has room for these elements,
        // which are plain values, so that whatever bytes are there may be overwritten.
        unsafe {
            let slot = self.0.get(worker_id);
            let mut copy = ArrayViewMut::from_shape_ptr(self.0.dim.clone(), to.cast::<A>());
            copy_elements(&mut copy, &slot.view());
        }
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        // SAFETY: the caller alone is this worker; `save` wrote these elements.
        unsafe {
            let copy = ArrayView::from_shape_ptr(self.0.dim.clone(), from.cast::<A>());
            copy_elements(&mut self.0.get(worker_id), &copy);
        }
    }
}
