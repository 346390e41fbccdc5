//! Elements that lend what they hold: a `Vec<String>` is mapped over by a kernel on `&str`, a
//! `Vec<Vec<T>>` by one on `&[T]`.

use std::borrow::{Borrow, Cow};
use std::convert::Infallible;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{ArrayBase, Data, Ix1};

use super::slice::ElementReader;
use super::{Functor, Read};
use crate::error::SourceError;
use crate::param::ByRef;

macro_rules! lent {
    ($([$($generics:tt)*] $element:ty => $lent:ty;)+) => {$(
        impl<$($generics)*> Read<ByRef<$lent>> for ElementReader<'_, $element> {
            type Error = Infallible;
            const PREPARES_NOTHING: bool = true;

            #[inline]
            fn read(&mut self, index: usize) -> Result<&$lent, Infallible> {
                Ok(self.get(index).borrow())
            }

            fn begin(&mut self, share: Range<usize>) {
                self.check(&share);
            }
        }

        lent!(@source [$($generics)*] [$element], $element => $lent, |slice| slice);
        lent!(@source [$($generics)*] Vec<$element>, $element => $lent, |vec| vec);
        lent!(@source [$($generics)* const LEN: usize] [$element; LEN], $element => $lent, |array| array);

        #[diagnostic::do_not_recommend]
        impl<$($generics)* S: Data<Elem = $element>> Functor<ByRef<$lent>> for ArrayBase<S, Ix1, $element>
        where
            Self: Sync,
        {
            type Reader<'f> = ElementReader<'f, $element> where Self: 'f;

            fn num_items(&self) -> usize {
                self.len()
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                Ok(ElementReader::of_view(self.view()))
            }
        }
    )+};
    (@source [$($generics:tt)*] $source:ty, $element:ty => $lent:ty, $slice:expr) => {
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Functor<ByRef<$lent>> for $source
        where
            Self: Sync,
        {
            type Reader<'f> = ElementReader<'f, $element> where Self: 'f;

            fn num_items(&self) -> usize {
                self.len()
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                let slice: for<'f> fn(&'f Self) -> &'f [$element] = $slice;
                Ok(ElementReader::of_slice(slice(self)))
            }
        }
    };
}

lent! {
    [] String => str;
    [] PathBuf => Path;
    [] OsString => OsStr;
    [] CString => CStr;
    [T: 'static,] Vec<T> => [T];
    [T: 'static, const N: usize,] [T; N] => [T];
    ['a, U: ?Sized + 'static,] &'a U => U;
    [U: ?Sized + 'static,] Box<U> => U;
    [U: ?Sized + 'static,] Arc<U> => U;
    ['a, U: ?Sized + ToOwned + 'static,] Cow<'a, U> => U;
}
