//! Going over the slots of a ragged array.

use std::fmt;
use std::iter::FusedIterator;
use std::slice::Windows;

use ndarray::{ArrayView, Ix1, s};

/// The slots of a [`RaggedArray`](crate::RaggedArray) in the order of their indices, each as a
/// view; from [`RaggedArray::iter`](crate::RaggedArray::iter).
pub struct Slots<'a, A> {
    /// Where each slot that is left starts, and the next.
    bounds: Windows<'a, usize>,
    values: ArrayView<'a, A, Ix1>,
}

impl<'a, A> Slots<'a, A> {
    /// The slots of these values, of which each starts at one of the offsets and ends at the next.
    pub(super) fn new(offsets: &'a [usize], values: ArrayView<'a, A, Ix1>) -> Self {
        Slots { bounds: offsets.windows(2), values }
    }

    fn slot(&self, bounds: &[usize]) -> ArrayView<'a, A, Ix1> {
        self.values.slice_move(s![bounds[0]..bounds[1]])
    }
}

impl<'a, A> Iterator for Slots<'a, A> {
    type Item = ArrayView<'a, A, Ix1>;

    fn next(&mut self) -> Option<Self::Item> {
        self.bounds.next().map(|bounds| self.slot(bounds))
    }

    fn nth(&mut self, skipped: usize) -> Option<Self::Item> {
        self.bounds.nth(skipped).map(|bounds| self.slot(bounds))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.bounds.size_hint()
    }
}

impl<A> DoubleEndedIterator for Slots<'_, A> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.bounds.next_back().map(|bounds| self.slot(bounds))
    }
}

impl<A> ExactSizeIterator for Slots<'_, A> {}

impl<A> FusedIterator for Slots<'_, A> {}

impl<A> Clone for Slots<'_, A> {
    fn clone(&self) -> Self {
        Slots { bounds: self.bounds.clone(), values: self.values }
    }
}

impl<A: fmt::Debug> fmt::Debug for Slots<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
