//! The sub-arrays along the first axis of an argument, which are items: in memory or in a file.

use std::ops::Range;

use ndarray::{ArrayView, Dimension, RemoveAxis};

#[cfg(feature = "hdf5")]
use super::argument::PyArgument;
use super::argument::{Argument, CallError};
#[cfg(feature = "hdf5")]
use super::dataset::DatasetPlace;
use super::element::PyElement;
use super::source::Source;
#[cfg(feature = "hdf5")]
use super::stored_rows::{StoredRows, StoredRowsReader};
use crate::error::SourceError;
use crate::functor::axis::SubViewReader;
use crate::functor::{Functor, Read};
use crate::param::{ItemShape, SubView};

/// The sub-arrays of an argument, which is held for the time of a call.
pub struct HeldRows<A: 'static, D: Dimension>(Rows<A, D>);

enum Rows<A: 'static, D: Dimension> {
    Memory(Source<A, D>),
    #[cfg(feature = "hdf5")]
    Stored(Box<dyn StoredRows<A, D>>),
}

impl<A: PyElement, D: RemoveAxis<Smaller: 'static> + 'static> HeldRows<A, D> {
    /// Takes an array, or opens a file or a data set.
    ///
    /// # Errors
    /// Whatever is wrong with it, by the argument's name.
    pub(super) fn new(argument: Argument<'_, '_>) -> Result<Self, CallError> {
        #[cfg(feature = "hdf5")]
        if let Some(place) = DatasetPlace::of(argument)? {
            return A::lend(&place, PyArgument(argument)).map(Rows::Stored).map(HeldRows);
        }
        Source::new(argument).map(Rows::Memory).map(HeldRows)
    }

    /// How many bytes the items have.
    pub(super) fn size(&self) -> usize {
        let num_elements = match &self.0 {
            Rows::Memory(source) => source.view().len(),
            #[cfg(feature = "hdf5")]
            Rows::Stored(rows) => rows.num_elements(),
        };
        size_of::<A>().saturating_mul(num_elements)
    }
}

impl<A, D: Dimension> std::fmt::Debug for HeldRows<A, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldRows").finish_non_exhaustive()
    }
}

/// One worker's reader of sub-arrays.
pub enum RowsReader<'f, A: PyElement, D: RemoveAxis<Smaller: 'static> + 'static> {
    /// Of an array in memory.
    Memory(SubViewReader<'f, A, D>),
    /// Of a data set in a file.
    #[cfg(feature = "hdf5")]
    Stored(Box<dyn StoredRowsReader<A, D> + 'f>),
}

impl<A: PyElement, D: RemoveAxis<Smaller: 'static> + 'static> std::fmt::Debug
    for RowsReader<'_, A, D>
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowsReader").finish_non_exhaustive()
    }
}

impl<A: PyElement, D: RemoveAxis<Smaller: 'static> + 'static> Functor<SubView<A, D::Smaller>>
    for HeldRows<A, D>
{
    type Reader<'f> = RowsReader<'f, A, D>;

    fn num_items(&self) -> usize {
        match &self.0 {
            Rows::Memory(source) => Functor::<SubView<A, D::Smaller>>::num_items(&source.view()),
            #[cfg(feature = "hdf5")]
            Rows::Stored(rows) => rows.num_items(),
        }
    }

    fn reader(&self) -> Result<RowsReader<'_, A, D>, SourceError> {
        match &self.0 {
            Rows::Memory(source) => {
                Ok(RowsReader::Memory(SubViewReader::along_first_axis(source.view())))
            }
            #[cfg(feature = "hdf5")]
            Rows::Stored(rows) => rows.reader().map(RowsReader::Stored),
        }
    }

    fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
        match &self.0 {
            Rows::Memory(source) => Functor::<SubView<A, D::Smaller>>::item_shape(&source.view()),
            #[cfg(feature = "hdf5")]
            Rows::Stored(rows) => rows.item_shape(),
        }
    }

    fn items_together(&self) -> usize {
        match &self.0 {
            Rows::Memory(_) => 1,
            #[cfg(feature = "hdf5")]
            Rows::Stored(rows) => rows.items_together(),
        }
    }

    fn check(&self) -> Result<(), SourceError> {
        match &self.0 {
            Rows::Memory(source) => Functor::<SubView<A, D::Smaller>>::check(&source.view()),
            // Its axes were looked at when it was opened.
            #[cfg(feature = "hdf5")]
            Rows::Stored(_) => Ok(()),
        }
    }

    fn announce(&self) {
        #[cfg(feature = "hdf5")]
        if let Rows::Stored(rows) = &self.0 {
            rows.announce();
        }
    }
}

impl<A: PyElement, D: RemoveAxis<Smaller: 'static> + 'static> Read<SubView<A, D::Smaller>>
    for RowsReader<'_, A, D>
{
    type Error = SourceError;

    #[inline]
    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, SourceError> {
        match self {
            RowsReader::Memory(reader) => match reader.read(index) {
                Ok(item) => Ok(item),
            },
            #[cfg(feature = "hdf5")]
            RowsReader::Stored(reader) => reader.read(index),
        }
    }

    fn begin(&mut self, share: Range<usize>) {
        match self {
            RowsReader::Memory(reader) => reader.begin(share),
            #[cfg(feature = "hdf5")]
            RowsReader::Stored(reader) => reader.begin(share),
        }
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        match self {
            RowsReader::Memory(reader) => reader.place(share),
            #[cfg(feature = "hdf5")]
            RowsReader::Stored(_) => None,
        }
    }
}
