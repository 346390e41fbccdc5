//! The sub-arrays along the first axis of a data set in a file, whatever library reads it.

use std::ops::Range;

use ndarray::{ArrayView, Dimension};

use crate::error::SourceError;
use crate::param::ItemShape;

/// The sub-arrays of a data set.
pub trait StoredRows<A, D: Dimension>: Send + Sync {
    /// The number of its elements.
    fn num_elements(&self) -> usize;

    /// As [`Functor::num_items`].
    fn num_items(&self) -> usize;

    /// As [`Functor::reader`].
    ///
    /// # Errors
    /// What keeps it from being read.
    fn reader(&self) -> Result<Box<dyn StoredRowsReader<A, D> + '_>, SourceError>;

    /// As [`Functor::item_shape`].
    fn item_shape(&self) -> Option<ItemShape<D::Smaller>>;

    /// As [`Functor::items_together`].
    fn items_together(&self) -> usize;

    /// As [`Functor::announce`].
    fn announce(&self);
}

/// One worker's reader of those.
pub trait StoredRowsReader<A, D: Dimension> {
    /// As [`Read::begin`].
    fn begin(&mut self, share: Range<usize>);

    /// As [`Read::read`].
    ///
    /// # Errors
    /// What keeps the item from being read.
    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, SourceError>;
}
