//! The traits that a shared array has as ndarray's arrays have them.

use std::fmt;

use ndarray::{ArrayBase, ArrayView, ArrayViewMut, Data, Dimension, IntoNdProducer};

use super::SharedArray;

impl<A: fmt::Debug + 'static, D: Dimension> fmt::Debug for SharedArray<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.view, f)
    }
}

impl<A: fmt::Display + 'static, D: Dimension> fmt::Display for SharedArray<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view, f)
    }
}

impl<A: PartialEq + 'static, D: Dimension> PartialEq for SharedArray<A, D> {
    fn eq(&self, other: &Self) -> bool {
        self.view == other.view
    }
}

impl<A, B, S, D> PartialEq<ArrayBase<S, D>> for SharedArray<A, D>
where
    A: PartialEq<B> + 'static,
    S: Data<Elem = B>,
    D: Dimension,
{
    fn eq(&self, other: &ArrayBase<S, D>) -> bool {
        self.view == *other
    }
}

impl<A, B, S, D> PartialEq<SharedArray<B, D>> for ArrayBase<S, D>
where
    A: PartialEq<B>,
    B: 'static,
    S: Data<Elem = A>,
    D: Dimension,
{
    fn eq(&self, other: &SharedArray<B, D>) -> bool {
        *self == other.view
    }
}

impl<'a, A: 'static, D: Dimension> IntoIterator for &'a SharedArray<A, D> {
    type Item = &'a A;
    type IntoIter = ndarray::iter::Iter<'a, A, D>;

    fn into_iter(self) -> Self::IntoIter {
        self.view().into_iter()
    }
}

impl<'a, A: 'static, D: Dimension> IntoIterator for &'a mut SharedArray<A, D> {
    type Item = &'a mut A;
    type IntoIter = ndarray::iter::IterMut<'a, A, D>;

    fn into_iter(self) -> Self::IntoIter {
        self.view_mut().into_iter()
    }
}

impl<'a, A: 'static, D: Dimension> IntoNdProducer for &'a SharedArray<A, D> {
    type Item = &'a A;
    type Dim = D;
    type Output = ArrayView<'a, A, D>;

    fn into_producer(self) -> ArrayView<'a, A, D> {
        self.view()
    }
}

impl<'a, A: 'static, D: Dimension> IntoNdProducer for &'a mut SharedArray<A, D> {
    type Item = &'a mut A;
    type Dim = D;
    type Output = ArrayViewMut<'a, A, D>;

    fn into_producer(self) -> ArrayViewMut<'a, A, D> {
        self.view_mut()
    }
}

impl<'a, A: 'static, D: Dimension> From<&'a SharedArray<A, D>> for ArrayView<'a, A, D> {
    fn from(array: &'a SharedArray<A, D>) -> Self {
        array.view()
    }
}
