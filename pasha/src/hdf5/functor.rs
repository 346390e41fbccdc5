//! A data set's items, lent to kernels.

use std::fmt;
use std::ops::Range;

use ndarray::{ArrayView, Axis, Dimension, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, RemoveAxis};

use super::dataset::Hdf5Dataset;
use super::element::Hdf5Element;
use super::reader::BandElementReader;
use crate::error::SourceError;
use crate::functor::axes::HasAxes;
use crate::functor::axis::sub_view;
use crate::functor::{Functor, NaturalItem, Read};
use crate::param::{ByRef, ByValue, ItemShape, SubView};

/// One worker's reader of a data set's items.
pub struct Hdf5Reader<'f, A, D: Dimension> {
    axis: Axis,
    /// The index of the axis that item 0 is at.
    start: usize,
    source: ViewSource<'f, A, D>,
}

/// Where items are lent from.
enum ViewSource<'f, A, D: Dimension> {
    /// The mapped file.
    Mapped(ArrayView<'f, A, D>),
    /// The band that was read last; with the data set's shape.
    Bands(Box<BandElementReader<'f, A>>, D),
}

impl<A: Hdf5Element, D: Dimension> Hdf5Dataset<A, D> {
    /// Opens a worker's reader.
    fn open_reader(&self) -> Result<Hdf5Reader<'_, A, D>, SourceError> {
        let start = self.checked_range()?.start;
        let mapped = self.stored.view_checked::<A>()?;
        let mapped = mapped.and_then(|all| ArrayView::from_shape(self.dim.clone(), all).ok());
        let source = match mapped {
            Some(view) => ViewSource::Mapped(view),
            None => {
                let bands = BandElementReader::new(&self.stored, self.axis)?;
                ViewSource::Bands(Box::new(bands), self.dim.clone())
            }
        };
        Ok(Hdf5Reader { axis: Axis(self.axis), start, source })
    }

    /// How many items are best read together.
    fn together(&self) -> usize {
        if self.stored.view::<A>().is_some() { 1 } else { self.stored.together(self.axis) }
    }

    /// How many items are not read without each other.
    fn inseparable(&self) -> usize {
        match self.stored.view::<A>() {
            Some(_) => 1,
            None => self.stored.chunk_along(self.axis).unwrap_or(1),
        }
    }

    /// Says that the selected items are about to be read.
    fn announce_selected(&self) {
        self.stored.announce_along::<A>(self.axis, self.range());
    }
}

impl<A: Hdf5Element, D: Dimension> HasAxes for Hdf5Dataset<A, D> {
    type Elem = A;
    type Dim = D;
    type Along<'a>
        = Hdf5Dataset<A, D>
    where
        Self: 'a;

    fn along_axis(&self, axis: Axis) -> Hdf5Dataset<A, D> {
        self.clone().axis(axis)
    }

    /// What is selected of a data set, is of the axis that is mapped along.
    fn lengths(&self, along: Axis) -> Vec<usize> {
        let mut lengths = self.shape().to_vec();
        if let Some(len) = lengths.get_mut(along.index()) {
            *len = self.along_axis(along).range().len();
        }
        lengths
    }
}

impl<A, D: Dimension> fmt::Debug for Hdf5Reader<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.source {
            ViewSource::Mapped(_) => "mapped",
            ViewSource::Bands(..) => "bands",
        };
        write!(f, "Hdf5Reader({kind}, {:?})", self.axis)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Hdf5Element, D: RemoveAxis<Smaller: 'static>> Functor<SubView<A, D::Smaller>>
    for Hdf5Dataset<A, D>
{
    type Reader<'f>
        = Hdf5Reader<'f, A, D>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.range().len()
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        self.open_reader()
    }

    fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
        let is_there = self.axis < self.shape().len();
        is_there.then(|| ItemShape::new(self.dim.remove_axis(Axis(self.axis))))
    }

    fn items_together(&self) -> usize {
        self.together()
    }

    fn items_inseparable(&self) -> usize {
        self.inseparable()
    }

    fn check(&self) -> Result<(), SourceError> {
        self.checked_range().map(drop)
    }

    fn announce(&self) {
        self.announce_selected();
    }
}

impl<A: Hdf5Element, D: RemoveAxis<Smaller: 'static>> Read<SubView<A, D::Smaller>>
    for Hdf5Reader<'_, A, D>
{
    type Error = SourceError;

    #[inline]
    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, SourceError> {
        let index = self.start + index;
        match &mut self.source {
            ViewSource::Mapped(view) => Ok(sub_view(view, self.axis, index)),
            ViewSource::Bands(bands, dim) => {
                let (elements, range) = bands.band(index)?;
                dim[self.axis.index()] = range.len();
                let band = ArrayView::from_shape(dim.clone(), elements)?;
                Ok(band.index_axis_move(self.axis, index - range.start))
            }
        }
    }

    fn begin(&mut self, share: Range<usize>) {
        self.begin_share(share);
    }
}

impl<A: Hdf5Element, D: Dimension> Hdf5Reader<'_, A, D> {
    /// Says what is read next.
    fn begin_share(&mut self, share: Range<usize>) {
        if let ViewSource::Bands(bands, _) = &mut self.source {
            bands.begin(self.start + share.start..self.start + share.end);
        }
    }
}

impl<A: Hdf5Element> Hdf5Reader<'_, A, Ix1> {
    /// The element at an index.
    #[inline]
    fn element(&mut self, index: usize) -> Result<&A, SourceError> {
        let index = self.start + index;
        match &mut self.source {
            ViewSource::Mapped(view) => Ok(&view[index]),
            ViewSource::Bands(bands, _) => {
                let (elements, range) = bands.band(index)?;
                Ok(&elements[index - range.start])
            }
        }
    }
}

macro_rules! element_functor {
    ($($kind:ident)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<A: Hdf5Element> Functor<$kind<A>> for Hdf5Dataset<A, Ix1> {
            type Reader<'f> = Hdf5Reader<'f, A, Ix1>;

            fn num_items(&self) -> usize {
                self.range().len()
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                self.open_reader()
            }

            fn items_together(&self) -> usize {
                self.together()
            }

            fn items_inseparable(&self) -> usize {
                self.inseparable()
            }

            fn check(&self) -> Result<(), SourceError> {
                self.checked_range().map(drop)
            }

            fn announce(&self) {
                self.announce_selected();
            }
        }
    )+};
}
element_functor!(ByValue ByRef);

impl<A: Hdf5Element> Read<ByValue<A>> for Hdf5Reader<'_, A, Ix1> {
    type Error = SourceError;

    #[inline]
    fn read(&mut self, index: usize) -> Result<A, SourceError> {
        self.element(index).copied()
    }

    fn begin(&mut self, share: Range<usize>) {
        self.begin_share(share);
    }
}

impl<A: Hdf5Element> Read<ByRef<A>> for Hdf5Reader<'_, A, Ix1> {
    type Error = SourceError;

    #[inline]
    fn read(&mut self, index: usize) -> Result<&A, SourceError> {
        self.element(index)
    }

    fn begin(&mut self, share: Range<usize>) {
        self.begin_share(share);
    }
}

#[diagnostic::do_not_recommend]
impl<A: Hdf5Element> NaturalItem for &Hdf5Dataset<A, Ix1> {
    type Param = ByRef<A>;
}

macro_rules! natural_sub_view {
    ($($dim:ident)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<A: Hdf5Element> NaturalItem for &Hdf5Dataset<A, $dim> {
            type Param = SubView<A, <$dim as Dimension>::Smaller>;
        }
    )+};
}
natural_sub_view!(Ix2 Ix3 Ix4 Ix5 Ix6 IxDyn);
