//! Slices, vectors, fixed arrays and one-dimensional ndarrays: items by value or by reference.

use std::convert::Infallible;
use std::ops::Range;

use ndarray::{ArrayBase, ArrayView1, Data, Ix1};

use super::{Functor, NaturalItem, Read};
use crate::array::SharedArray;
use crate::error::SourceError;
use crate::param::{ByRef, ByValue};

/// Reads the elements of a one-dimensional array, contiguous or strided.
///
/// Invariant: `len` elements lie behind `first`, `step` elements apart, and are borrowed for
/// `'f`.
#[derive(Debug)]
pub struct ElementReader<'f, T> {
    first: *const T,
    step: isize,
    len: usize,
    borrow: std::marker::PhantomData<&'f [T]>,
}

impl<'f, T> ElementReader<'f, T> {
    pub(super) fn of_slice(slice: &'f [T]) -> Self {
        ElementReader {
            first: slice.as_ptr(),
            step: 1,
            len: slice.len(),
            borrow: std::marker::PhantomData,
        }
    }

    pub(super) fn of_view(view: ArrayView1<'f, T>) -> Self {
        ElementReader {
            first: view.as_ptr(),
            step: view.stride_of(ndarray::Axis(0)),
            len: view.len(),
            borrow: std::marker::PhantomData,
        }
    }

    /// # Panics
    /// Panics if the share does not lie within the elements.
    #[inline(always)]
    pub(super) fn check(&self, share: &Range<usize>) {
        assert!(
            share.end <= self.len,
            "a share ends at {}, but the functor has {} items",
            share.end,
            self.len
        );
    }

    /// Where the elements of a share lie, if they lie back to back.
    fn place_of(&self, share: &Range<usize>) -> Option<Range<usize>> {
        let at = |index: usize| self.first.addr() + index * size_of::<T>();
        (self.step == 1).then(|| at(share.start)..at(share.end))
    }

    #[inline(always)]
    pub(super) fn get(&self, index: usize) -> &T {
        assert!(index < self.len, "index {index} of {} items", self.len);
        // SAFETY: the index is below the length, as the line before asserts.
        unsafe { self.get_unchecked(index) }
    }

    /// # Safety
    /// `index` must be below `len`.
    #[inline(always)]
    unsafe fn get_unchecked(&self, index: usize) -> &T {
        if self.step == 1 {
            // SAFETY: the invariant, for elements back to back. The compiler makes two loops of
            // this branch, and vectorises this one.
            unsafe { &*self.first.add(index) }
        } else {
            // SAFETY: the invariant.
            unsafe { &*self.first.offset(index as isize * self.step) }
        }
    }
}

impl<T: Copy + 'static> Read<ByValue<T>> for ElementReader<'_, T> {
    type Error = Infallible;
    const PREPARES_NOTHING: bool = true;

    #[inline(always)]
    fn read(&mut self, index: usize) -> Result<T, Infallible> {
        Ok(*self.get(index))
    }

    fn begin(&mut self, share: Range<usize>) {
        self.check(&share);
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        self.place_of(share)
    }

    #[inline(always)]
    unsafe fn read_unchecked(&mut self, index: usize) -> Result<T, Infallible> {
        // SAFETY: the index is in the share that `begin` found to lie within the elements.
        Ok(unsafe { *self.get_unchecked(index) })
    }
}

impl<T: 'static> Read<ByRef<T>> for ElementReader<'_, T> {
    type Error = Infallible;
    const PREPARES_NOTHING: bool = true;

    #[inline(always)]
    fn read(&mut self, index: usize) -> Result<&T, Infallible> {
        Ok(self.get(index))
    }

    fn begin(&mut self, share: Range<usize>) {
        self.check(&share);
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        self.place_of(share)
    }

    #[inline(always)]
    unsafe fn read_unchecked(&mut self, index: usize) -> Result<&T, Infallible> {
        // SAFETY: the index is in the share that `begin` found to lie within the elements.
        Ok(unsafe { self.get_unchecked(index) })
    }
}

macro_rules! element_functor {
    ($([$($generics:tt)*] $source:ty, $element:ty, $open:expr;)+) => {$(
        element_functor!(@kind [$($generics)*] $source, $element, ByValue, $open, Copy);
        element_functor!(@kind [$($generics)*] $source, $element, ByRef, $open, Sized);

        #[diagnostic::do_not_recommend]
        impl<$($generics)*> NaturalItem for &$source
        where
            $source: Functor<ByRef<$element>>,
            $element: 'static,
        {
            type Param = ByRef<$element>;
        }
    )+};
    (@kind [$($generics:tt)*] $source:ty, $element:ty, $kind:ident, $open:expr, $bound:ident) => {
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Functor<$kind<$element>> for $source
        where
            Self: Sync,
            $element: $bound + 'static,
        {
            type Reader<'f> = ElementReader<'f, $element> where Self: 'f;

            fn num_items(&self) -> usize {
                let open: for<'f> fn(&'f Self) -> ElementReader<'f, $element> = $open;
                open(self).len
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                let open: for<'f> fn(&'f Self) -> ElementReader<'f, $element> = $open;
                Ok(open(self))
            }
        }
    };
}

#[diagnostic::do_not_recommend]
impl<A: Sync + 'static> NaturalItem for ArrayView1<'_, A> {
    type Param = ByRef<A>;
}

element_functor! {
    [T] [T], T, |slice| ElementReader::of_slice(slice);
    [T] Vec<T>, T, |vec| ElementReader::of_slice(vec);
    [T, const N: usize] [T; N], T, |array| ElementReader::of_slice(array);
    [S: Data<Elem = A>, A] ArrayBase<S, Ix1, A>, A, |array| ElementReader::of_view(array.view());
    [A: 'static] SharedArray<A, Ix1>, A, |array| ElementReader::of_view(array.view());
}
