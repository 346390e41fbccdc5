//! Two axes out of one, where they lie.

use ndarray::Dimension;

use super::{Order, SharedArray, axes_fill_the_array, strides_for};
use crate::element::Element;

impl<A: Element, D: Dimension> SharedArray<A, D> {
    /// Splits the first axis into two of these lengths, the second fastest; `None` if they do not
    /// make up that axis, or the axes were changed since the array was allocated.
    pub(crate) fn split_first_axis(self, lengths: [usize; 2]) -> Option<SharedArray<A, D::Larger>> {
        let starts_there = self.view.as_ptr().addr() == self.mapping.start().as_ptr().addr();
        let (shape, strides) = (self.view.shape(), self.view.strides());
        let len = lengths[0].checked_mul(lengths[1])?;
        if shape.first() != Some(&len) || !(starts_there || self.view.is_empty()) {
            return None;
        }
        let strides = strides.iter().map(|&stride| usize::try_from(stride));
        let mut strides: Vec<usize> = strides.collect::<Result<_, _>>().ok()?;
        if self.view.is_empty() {
            strides = strides_for(&self.view.raw_dim(), Order::C).slice().to_vec();
        }
        if !axes_fill_the_array(shape, &strides) {
            return None;
        }
        let ndim = shape.len() + 1;
        let (mut dim, mut steps) = (D::Larger::zeros(ndim), D::Larger::zeros(ndim));
        dim.slice_mut()[..2].copy_from_slice(&lengths);
        dim.slice_mut()[2..].copy_from_slice(&shape[1..]);
        steps[0] = strides[0] * lengths[1].max(1);
        steps.slice_mut()[1..].copy_from_slice(&strides);
        Some(SharedArray::with_strides(self.mapping, dim, steps))
    }
}
