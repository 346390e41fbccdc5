//! A labelled array in memory, mapped over along a named dimension.

use std::convert::Infallible;
use std::fmt;

use ndarray::{ArrayView, Axis, Dimension, RemoveAxis};

use super::item::{Labelled, LabelledView, Mapped};
use super::labels::Labels;
use crate::error::{Result, SourceError};
use crate::functor::axis::sub_view;
use crate::functor::{Functor, Read, given_by_value, natural_items};
use crate::param::{ItemShape, SubView};

/// An array, mapped over along a named dimension; made by
/// [`DataArray::along`](super::DataArray::along).
///
/// # Examples
/// ```
/// use ndarray::{Array3, Ix2};
/// use pasha::{DataArray, Labelled};
///
/// /// The counts of a frame.
/// #[pasha::kernel]
/// fn total(frame: Labelled<'_, u32, Ix2>) -> u32 { frame.data.sum() }
///
/// let frames = DataArray::new(Array3::<u32>::ones((4, 5, 3)), ["y", "x", "time"])?;
/// let along_time = frames.along("time")?;
/// let totals = total::run_serial(&along_time)?.into_labelled(&along_time)?;
/// assert_eq!(totals.dims(), ["time"]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct Along<'a, A, D: Dimension> {
    view: ArrayView<'a, A, D>,
    pub(super) mapped: Mapped<'a>,
}

impl<'a, A, D: RemoveAxis> Along<'a, A, D> {
    pub(super) fn new(view: ArrayView<'a, A, D>, labels: &'a Labels, dim: &str) -> Result<Self> {
        Ok(Along { view, mapped: Mapped::new(labels, dim)? })
    }

    fn axis(&self) -> Axis {
        self.mapped.axis
    }

    pub(super) fn shape(&self) -> &[usize] {
        self.view.shape()
    }

    /// The shape of an item, one length per remaining dimension.
    fn rest(&self) -> D::Smaller {
        self.view.raw_dim().remove_axis(self.axis())
    }
}

impl<A, D: Dimension> fmt::Debug for Along<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Along({:?} of {:?})", self.mapped.axis, self.view.shape())
    }
}

/// Reads the entries of a labelled array along a dimension.
pub struct AlongReader<'f, A, D: Dimension> {
    view: ArrayView<'f, A, D>,
    mapped: &'f Mapped<'f>,
}

impl<A, D: Dimension> fmt::Debug for AlongReader<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlongReader({:?} of {:?})", self.mapped.axis, self.view.shape())
    }
}

macro_rules! along_functor {
    ($($param:ident)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<A, D> Functor<$param<A, D::Smaller>> for Along<'_, A, D>
        where
            A: Sync + 'static,
            D: RemoveAxis<Smaller: 'static>,
        {
            type Reader<'f>
                = AlongReader<'f, A, D>
            where
                Self: 'f;

            fn num_items(&self) -> usize {
                self.view.len_of(self.axis())
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                Ok(AlongReader { view: self.view.view(), mapped: &self.mapped })
            }

            fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
                Some(ItemShape::new(self.rest()))
            }
        }

    )+};
}
given_by_value! {
    ['f, A: 'static, D: RemoveAxis<Smaller: 'static>,] Along<'f, A, D>;
}
along_functor!(SubView LabelledView);

impl<A: 'static, D: RemoveAxis<Smaller: 'static>> Read<SubView<A, D::Smaller>>
    for AlongReader<'_, A, D>
{
    type Error = Infallible;
    const PREPARES_NOTHING: bool = true;

    #[inline]
    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, Infallible> {
        Ok(sub_view(&self.view, self.mapped.axis, index))
    }
}

impl<A: 'static, D: RemoveAxis<Smaller: 'static>> Read<LabelledView<A, D::Smaller>>
    for AlongReader<'_, A, D>
{
    type Error = Infallible;
    const PREPARES_NOTHING: bool = true;

    #[inline]
    fn read(&mut self, index: usize) -> Result<Labelled<'_, A, D::Smaller>, Infallible> {
        Ok(self.mapped.item(index, sub_view(&self.view, self.mapped.axis, index)))
    }
}

natural_items! {
    ['f, A: Sync + 'static, D: RemoveAxis<Smaller: 'static>] Along<'f, A, D>: LabelledView<A, D::Smaller>;
}
