//! One array for each index: `ArrayViewMut<A, D>`.

use std::ops::Range;

use ndarray::{ArrayViewMut, Dimension};

use super::staged::{LARGEST_STAGED, stream};
use super::{AttachedSlots, IndexSlots, Staged, address, pack_elements, unpack_elements};
use crate::array::{SharedArray, fill_with_copies};
use crate::element::{Element, size_of_copy};
use crate::error::Result;
use crate::output::builders::builders;
use crate::output::slots::OfIndex;
use crate::output::sub_arrays::{SlotShape, SubArrays};
use crate::output::{OutputSpec, Plan};

/// One array for each index: the output is `(n, shape…)`.
#[derive(Debug, Clone)]
pub struct PerIndex<A, D> {
    shape: SlotShape<D>,
    fill: Option<A>,
}

builders!(arrays: PerIndex);

impl<A: Element, D: Dimension<Larger: 'static>> OutputSpec for PerIndex<A, D> {
    type Array = SharedArray<A, D::Larger>;
    type Slots = OfIndex<ArraySlots<A, D>>;
    type Attached<'a>
        = AttachedSlots<'a, ArraySlots<A, D>>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        self.shape.allocate(plan.len, self.fill, plan)
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        self.shape.check(array, plan.len, name, plan)?;
        // Without a fill value slots keep what they have: the kernel writes them.
        if let (Some(value), false) = (self.fill, plan.keep) {
            array.fill_with_copies(value);
        }
        let slots = ArraySlots {
            arrays: self.shape.open(array, name)?,
            fill: self.fill.unwrap_or_else(A::zeroed),
            is_filled: self.fill.is_some(),
        };
        Ok(AttachedSlots::new(slots, array))
    }
}

/// Slots that are arrays.
#[derive(Debug)]
pub struct ArraySlots<A, D> {
    arrays: SubArrays<A, D>,
    fill: A,
    /// Whether the kernel counts on the fill value.
    is_filled: bool,
}

impl<A: Copy, D: Clone> Clone for ArraySlots<A, D> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ArraySlots { arrays: self.arrays.clone(), ..*self }
    }
}

impl<A, D: Dimension> ArraySlots<A, D> {
    /// Whether the slots are back to back and small enough for a staging buffer.
    fn is_staged(&self) -> bool {
        let size = self.arrays.size();
        let bytes = size * size_of::<A>();
        let gapless = self.arrays.step_in_order() == Some(size) && self.arrays.extent() == size;
        gapless && (1..=LARGEST_STAGED).contains(&bytes)
    }
}

// SAFETY: slots are the sub-arrays of an array along one axis, which do not overlap.
unsafe impl<A: Element, D: Dimension> IndexSlots for ArraySlots<A, D> {
    const COUNT: usize = 1;

    type Slot<'s> = ArrayViewMut<'s, A, D>;

    #[inline(always)]
    unsafe fn slot<'s>(&self, index: usize) -> ArrayViewMut<'s, A, D> {
        // SAFETY: the output was attached with more than this number of sub-arrays, and the caller
        // alone has the index.
        unsafe { self.arrays.get(index) }
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        let SubArrays { first, .. } = self.arrays;
        if indices.is_empty() || self.arrays.size() == 0 {
            return;
        }
        if let Some(step) = self.arrays.step_in_order() {
            let end = (indices.end - 1) * step + self.arrays.extent();
            visit(address(first, indices.start * step)..address(first, end));
        }
    }

    #[inline(always)]
    unsafe fn reset(&self, index: usize) {
        // SAFETY: the caller alone has the index, and no other slot of it is alive.
        fill_with_copies(&mut unsafe { self.slot(index) }, self.fill);
    }

    unsafe fn pack(&self, indices: &Range<usize>, message: &mut Vec<u8>) {
        let size = self.arrays.size();
        let is_gapless = self.arrays.extent() == size;
        if indices.is_empty() || size == 0 {
            return;
        }
        // SAFETY: the output was attached with these indices, whose slots nobody writes meanwhile.
        unsafe {
            if is_gapless && self.arrays.step_in_order() == Some(size) {
                pack_elements(
                    self.arrays.first.add(indices.start * size),
                    indices.len() * size,
                    message,
                );
                return;
            }
            for index in indices.clone() {
                for element in &self.arrays.get(index) {
                    pack_elements(element, 1, message);
                }
            }
        }
    }

    unsafe fn unpack(&self, indices: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        let size = self.arrays.size();
        let is_gapless = self.arrays.extent() == size;
        if indices.is_empty() || size == 0 {
            return Some(());
        }
        // SAFETY: the output was attached with these indices, which the caller alone has, and the
        // message was packed from an output of the same shape and order.
        unsafe {
            if is_gapless && self.arrays.step_in_order() == Some(size) {
                let first = self.arrays.first.add(indices.start * size);
                return unpack_elements(first, indices.len() * size, message);
            }
            for index in indices.clone() {
                for element in &mut self.arrays.get(index) {
                    unpack_elements(element, 1, message)?;
                }
            }
        }
        Some(())
    }
}

impl<A: Element, D: Dimension> Staged for ArraySlots<A, D> {
    fn staged_size(&self, items: usize) -> usize {
        if self.is_staged() { size_of_copy::<A>(items * self.arrays.size()) } else { 0 }
    }

    unsafe fn staged(&self, first: usize, _items: usize, buffer: *mut u8) -> Self {
        let first = if self.is_staged() {
            buffer.cast()
        } else {
            // SAFETY: the slot of the first index lies within the output.
            unsafe { self.arrays.first.offset(first as isize * self.arrays.step) }
        };
        ArraySlots { arrays: SubArrays { first, ..self.arrays.clone() }, ..*self }
    }

    #[inline(always)]
    unsafe fn refill(&self, index: usize) {
        if self.is_filled && self.is_staged() {
            // SAFETY: the caller alone has the index, and no other slot of it is alive.
            unsafe { self.reset(index) };
        }
    }

    unsafe fn stream_out(&self, staged: &Self, indices: &Range<usize>) {
        if self.is_staged() {
            let size = self.arrays.size();
            // SAFETY: the slots of these indices lie back to back, here as in the buffer.
            unsafe {
                let to = self.arrays.first.add(indices.start * size);
                stream(staged.arrays.first, to, indices.len() * size);
            }
        }
    }
}
