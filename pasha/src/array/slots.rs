//! Going over the slots of a ragged array.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

use ndarray::{ArrayView, Ix1};

use super::RaggedArray;

/// The slots of a [`RaggedArray`] in the order of their indices, each as a view; from
/// [`RaggedArray::iter`].
pub struct Slots<'a, A: 'static> {
    array: &'a RaggedArray<A>,
    left: Range<usize>,
}

impl<'a, A: 'static> Slots<'a, A> {
    pub(super) fn of(array: &'a RaggedArray<A>) -> Self {
        Slots { array, left: 0..array.len() }
    }
}

impl<'a, A: 'static> Iterator for Slots<'a, A> {
    type Item = ArrayView<'a, A, Ix1>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left.next().map(|index| self.array.slot(index))
    }

    fn nth(&mut self, skipped: usize) -> Option<Self::Item> {
        self.left.nth(skipped).map(|index| self.array.slot(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl<A: 'static> DoubleEndedIterator for Slots<'_, A> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left.next_back().map(|index| self.array.slot(index))
    }
}

impl<A: 'static> ExactSizeIterator for Slots<'_, A> {}

impl<A: 'static> FusedIterator for Slots<'_, A> {}

impl<A: 'static> Clone for Slots<'_, A> {
    fn clone(&self) -> Self {
        Slots { array: self.array, left: self.left.clone() }
    }
}

impl<A: fmt::Debug + 'static> fmt::Debug for Slots<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a, A: 'static> IntoIterator for &'a RaggedArray<A> {
    type Item = ArrayView<'a, A, Ix1>;
    type IntoIter = Slots<'a, A>;

    fn into_iter(self) -> Slots<'a, A> {
        self.iter()
    }
}
