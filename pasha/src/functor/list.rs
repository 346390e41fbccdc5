//! The functors of a kernel's items, as a list nested to the right: `(F0, (F1, ()))`.

use std::convert::Infallible;
use std::ops::Range;

use super::{Functor, IntoFunctor, Read};
use crate::error::{Error, Result, SourceError};
use crate::param::{ItemList, Param};

/// The functors of a kernel's items.
pub trait FunctorList<I: ItemList>: Sync {
    /// One worker's readers.
    type Readers<'f>: ReadList<I>
    where
        Self: 'f;

    /// Checks each functor and that all have one length, which it returns. `names` are those of
    /// the items, in order.
    fn check(&self, names: &[&str]) -> Result<usize> {
        let mut first = None;
        self.check_next(names, &mut first)?;
        self.check_labels(names, &mut None)?;
        Ok(first.map_or(0, |(_, len)| len))
    }

    /// Checks that this functor and those behind it agree with the first that labels its items.
    fn check_labels<'n, 's>(
        &'s self,
        names: &[&'n str],
        first: &mut Option<(&'n str, &'s [u64])>,
    ) -> Result<()>;

    /// Whether there may be indices at which an item is absent.
    const MAY_BE_ABSENT: bool;

    /// Whether there are all items at this index.
    fn are_present(&self, index: usize) -> bool;

    /// Checks this functor and those behind it against the first's name and length.
    fn check_next<'n>(&self, names: &[&'n str], first: &mut Option<(&'n str, usize)>)
    -> Result<()>;

    /// The shapes of the items, as far as they are known.
    fn shapes(&self) -> I::Shapes;

    /// Bytes of the items of one index, of those that are arrays of a known shape, if there are
    /// such.
    fn item_bytes(&self) -> Option<usize>;

    /// The largest number of items that any of the functors likes to be read together.
    fn items_together(&self) -> usize;

    /// Tells each functor that all its items are about to be read.
    fn announce(&self);

    /// Opens one worker's readers.
    fn readers(&self) -> Result<Self::Readers<'_>, SourceError>;
}

/// One worker's readers of a kernel's items.
pub trait ReadList<I: ItemList> {
    /// Why an item can't be read.
    type Error: Into<SourceError>;

    /// Tells which indices will be read next.
    fn begin(&mut self, share: Range<usize>);

    /// Visits the addresses of the memory in which the items of a share lie back to back.
    fn places(&self, share: &Range<usize>, visit: &mut dyn FnMut(Range<usize>));

    /// Reads the items at an index.
    ///
    /// # Safety
    /// `index` must be in the range that was last given to `begin`.
    unsafe fn read_unchecked(&mut self, index: usize) -> Result<I::Items<'_>, Self::Error>;
}

/// An error of one of two readers; without values where neither can fail.
#[derive(Debug)]
pub enum EitherError<A, B> {
    /// Of the first.
    First(A),
    /// Of the rest.
    Rest(B),
}

impl<A: Into<SourceError>, B: Into<SourceError>> From<EitherError<A, B>> for SourceError {
    fn from(error: EitherError<A, B>) -> SourceError {
        match error {
            EitherError::First(error) => error.into(),
            EitherError::Rest(error) => error.into(),
        }
    }
}

impl FunctorList<()> for () {
    type Readers<'f> = ();

    fn check_labels<'n, 's>(
        &'s self,
        _names: &[&'n str],
        _first: &mut Option<(&'n str, &'s [u64])>,
    ) -> Result<()> {
        Ok(())
    }

    const MAY_BE_ABSENT: bool = false;

    #[inline(always)]
    fn are_present(&self, _index: usize) -> bool {
        true
    }

    fn check_next<'n>(
        &self,
        _names: &[&'n str],
        _first: &mut Option<(&'n str, usize)>,
    ) -> Result<()> {
        Ok(())
    }

    fn shapes(&self) {}

    fn item_bytes(&self) -> Option<usize> {
        None
    }

    fn items_together(&self) -> usize {
        1
    }

    fn announce(&self) {}

    fn readers(&self) -> Result<(), SourceError> {
        Ok(())
    }
}

impl<P: Param, L: ItemList, F: Functor<P>, G: FunctorList<L>> FunctorList<(P, L)> for (F, G) {
    type Readers<'f>
        = (F::Reader<'f>, G::Readers<'f>)
    where
        Self: 'f;

    fn check_next<'n>(
        &self,
        names: &[&'n str],
        first: &mut Option<(&'n str, usize)>,
    ) -> Result<()> {
        let (name, names) = names.split_first().unwrap_or((&"item", &[]));
        self.0.check().map_err(|source| Error::Functor { item: (*name).to_owned(), source })?;
        let len = self.0.num_items();
        match first {
            None => *first = Some((*name, len)),
            Some((_, first_len)) if *first_len == len => {}
            Some((first, first_len)) => {
                return Err(Error::LengthMismatch {
                    first: (*first).to_owned(),
                    first_len: *first_len,
                    second: (*name).to_owned(),
                    second_len: len,
                });
            }
        }
        self.1.check_next(names, first)
    }

    fn check_labels<'n, 's>(
        &'s self,
        names: &[&'n str],
        first: &mut Option<(&'n str, &'s [u64])>,
    ) -> Result<()> {
        let (name, names) = names.split_first().unwrap_or((&"item", &[]));
        match (&*first, self.0.labels()) {
            (_, None) => {}
            (None, Some(labels)) => *first = Some((*name, labels)),
            (Some((first, first_labels)), Some(labels)) => {
                let both = first_labels.iter().zip(labels).enumerate();
                if let Some((index, (&first_label, &label))) =
                    both.into_iter().find(|(_, (a, b))| a != b)
                {
                    return Err(Error::LabelMismatch {
                        first: (*first).to_owned(),
                        first_label,
                        second: (*name).to_owned(),
                        second_label: label,
                        index,
                    });
                }
            }
        }
        self.1.check_labels(names, first)
    }

    const MAY_BE_ABSENT: bool = F::MAY_BE_ABSENT || G::MAY_BE_ABSENT;

    #[inline(always)]
    fn are_present(&self, index: usize) -> bool {
        (!F::MAY_BE_ABSENT || self.0.is_present(index))
            && (!G::MAY_BE_ABSENT || self.1.are_present(index))
    }

    fn shapes(&self) -> (Option<P::Shape>, L::Shapes) {
        (self.0.item_shape(), self.1.shapes())
    }

    fn item_bytes(&self) -> Option<usize> {
        let shape = self.0.item_shape().filter(|_| P::ELEMENT_BYTES > 0);
        let axes = shape.as_ref().and_then(P::axes_of);
        let first =
            axes.map(|axes| axes.iter().fold(P::ELEMENT_BYTES, |a, &b| a.saturating_mul(b)));
        match (first, self.1.item_bytes()) {
            (Some(first), Some(rest)) => Some(first.saturating_add(rest)),
            (first, rest) => first.or(rest),
        }
    }

    fn items_together(&self) -> usize {
        self.0.items_together().max(self.1.items_together())
    }

    fn announce(&self) {
        self.0.announce();
        self.1.announce();
    }

    fn readers(&self) -> Result<Self::Readers<'_>, SourceError> {
        Ok((self.0.reader()?, self.1.readers()?))
    }
}

impl ReadList<()> for () {
    type Error = Infallible;

    #[inline(always)]
    fn begin(&mut self, _share: Range<usize>) {}

    fn places(&self, _share: &Range<usize>, _visit: &mut dyn FnMut(Range<usize>)) {}

    #[inline(always)]
    unsafe fn read_unchecked(&mut self, _index: usize) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<P: Param, L: ItemList, R: Read<P>, S: ReadList<L>> ReadList<(P, L)> for (R, S) {
    type Error = EitherError<R::Error, S::Error>;

    #[inline(always)]
    fn begin(&mut self, share: Range<usize>) {
        self.0.begin(share.clone());
        self.1.begin(share);
    }

    fn places(&self, share: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        self.0.place(share).into_iter().for_each(&mut *visit);
        self.1.places(share, visit);
    }

    #[inline(always)]
    unsafe fn read_unchecked(
        &mut self,
        index: usize,
    ) -> Result<(P::Item<'_>, L::Items<'_>), Self::Error> {
        // SAFETY: both were begun with the same share.
        let first = unsafe { self.0.read_unchecked(index) }.map_err(EitherError::First)?;
        // SAFETY: the rest of the readers was begun with the same share as the first.
        let rest = unsafe { self.1.read_unchecked(index) }.map_err(EitherError::Rest)?;
        Ok((first, rest))
    }
}

/// What may be given for all items of a kernel: nested like the list of items.
pub trait IntoFunctors<I: ItemList> {
    /// The functors.
    type Functors: FunctorList<I>;

    /// Gives the functors.
    fn into_functors(self) -> Self::Functors;
}

impl IntoFunctors<()> for () {
    type Functors = ();

    fn into_functors(self) {}
}

impl<P: Param, L: ItemList, F: IntoFunctor<P>, G: IntoFunctors<L>> IntoFunctors<(P, L)> for (F, G) {
    type Functors = (F::Functor, G::Functors);

    fn into_functors(self) -> Self::Functors {
        (self.0.into_functor(), self.1.into_functors())
    }
}

/// What may be given to a [bound kernel](crate::BoundKernel): the functor of its one item, or a
/// tuple of the functors of its several items.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give the items of this kernel",
    note = "give one source for a kernel with one item, or a tuple with one source for each item: `(&frames, &monitor)`",
    note = "all that an item may be, and what it is read from: the documentation's page `pasha::guide::items`"
)]
pub trait IntoItems<I: ItemList> {
    /// What was given, as a nested list.
    type List: IntoFunctors<I>;

    /// Gives the nested list.
    fn into_list(self) -> Self::List;
}

impl<P: Param, F: IntoFunctor<P>> IntoItems<(P, ())> for F {
    type List = (F, ());

    fn into_list(self) -> (F, ()) {
        (self, ())
    }
}

macro_rules! nested {
    () => { () };
    ($head:tt $($tail:tt)*) => { ($head, nested!($($tail)*)) };
}

macro_rules! tuple_of_functors {
    ($($param:ident $functor:ident),+) => {
        impl<$($param: Param, $functor: IntoFunctor<$param>),+> IntoItems<nested!($($param)+)>
            for ($($functor,)+)
        {
            type List = nested!($($functor)+);

            #[allow(non_snake_case, reason = "one name for the type and the value")]
            fn into_list(self) -> Self::List {
                let ($($functor,)+) = self;
                nested!($($functor)+)
            }
        }
    };
}
tuple_of_functors!(P0 F0, P1 F1);
tuple_of_functors!(P0 F0, P1 F1, P2 F2);
tuple_of_functors!(P0 F0, P1 F1, P2 F2, P3 F3);
tuple_of_functors!(P0 F0, P1 F1, P2 F2, P3 F3, P4 F4);
tuple_of_functors!(P0 F0, P1 F1, P2 F2, P3 F3, P4 F4, P5 F5);
tuple_of_functors!(P0 F0, P1 F1, P2 F2, P3 F3, P4 F4, P5 F5, P6 F6);
tuple_of_functors!(P0 F0, P1 F1, P2 F2, P3 F3, P4 F4, P5 F5, P6 F6, P7 F7);
