//! Slots of a length of their own for each index: `ArrayViewMut1<A>`.

use std::ops::Range;

use ndarray::{ArrayViewMut, Ix1};

use super::{Slots, elements, never_in_hand, never_staged, no_accumulators};
use crate::array::fill_with_copies;
use crate::output::position::Position;

/// Slots of a length of their own for each index, back to back.
#[derive(Debug)]
pub struct RaggedSlots<A> {
    pub(in crate::output) first: *mut A,
    /// One more offset than there are indices, rising.
    pub(in crate::output) offsets: *const usize,
    pub(in crate::output) fill: A,
}

impl<A: Copy> Clone for RaggedSlots<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        RaggedSlots { ..*self }
    }
}

// SAFETY: slots are `offsets[i]..offsets[i + 1]` of rising offsets, which do not overlap.
unsafe impl<A: Copy + Send + Sync + 'static> Slots for RaggedSlots<A> {
    type Slot<'s> = ArrayViewMut<'s, A, Ix1>;

    #[inline(always)]
    unsafe fn slot<'s>(&self, at: Position) -> ArrayViewMut<'s, A, Ix1> {
        // SAFETY: there is one offset more than indices, they rise, the last is the number of
        // values, nobody writes them during the map, and the caller alone has the index.
        unsafe {
            let start = *self.offsets.add(at.index);
            let end = *self.offsets.add(at.index + 1);
            ArrayViewMut::from_shape_ptr(Ix1(end - start), self.first.add(start))
        }
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        // SAFETY: there is one offset more than indices, as in `slot`.
        let (start, end) =
            unsafe { (*self.offsets.add(indices.start), *self.offsets.add(indices.end)) };
        visit(elements(self.first, start)..elements(self.first, end));
    }

    #[inline(always)]
    unsafe fn reset(&self, at: Position) {
        // SAFETY: as the caller promises.
        fill_with_copies(&mut unsafe { self.slot(at) }, self.fill);
    }

    no_accumulators!();

    never_in_hand!();

    never_staged!();

    unsafe fn staged(&self, first: usize, _items: usize, _stage: *mut u8) -> Self {
        // SAFETY: there is one offset more than indices, and values are found by their offsets.
        RaggedSlots { offsets: unsafe { self.offsets.add(first) }, ..self.clone() }
    }
}
