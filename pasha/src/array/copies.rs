//! Elements copied into arrays.
//!
//! ndarray's `fill` and `assign` call `Clone`, which for a `Copy` element of the user's may panic,
//! in the middle of a worker's accumulators, or give another value. These copy.

use ndarray::{ArrayRef, ArrayView, ArrayViewMut, Dimension, Zip};

use super::SharedArray;
use crate::element::Element;

/// Sets all elements to copies of a value.
#[inline(always)]
pub(crate) fn fill_with_copies<A: Copy, D: Dimension>(to: &mut ArrayViewMut<'_, A, D>, value: A) {
    to.map_inplace(|element| *element = value);
}

/// Copies all elements.
///
/// # Panics
/// Panics if the shapes differ.
#[inline(always)]
pub(crate) fn copy_elements<A: Copy, D: Dimension>(
    to: &mut ArrayViewMut<'_, A, D>,
    from: &ArrayView<'_, A, D>,
) {
    if let (Some(to), Some(from)) = (to.as_slice_mut(), from.as_slice()) {
        // Of large arrays faster than a loop: it does not read what it writes over.
        return to.copy_from_slice(from);
    }
    Zip::from(to).and(from).for_each(|to, from| *to = *from);
}

impl<A: Element, D: Dimension> SharedArray<A, D> {
    /// Sets all elements to copies of a value.
    pub(crate) fn fill_with_copies(&mut self, value: A) {
        fill_with_copies(&mut self.view, value);
    }

    /// Copies all elements of an array of this shape.
    pub(crate) fn copy_from(&mut self, from: &ArrayRef<A, D>) {
        copy_elements(&mut self.view, &from.view());
    }
}
