//! Rows of a data set along axis 0, as other sources build on them.

use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;

use super::element::Hdf5Element;
use super::reader::BandElementReader;
use super::stored::Stored;
use crate::error::{Error, Hdf5Error, Result, SourceError};

/// A stored data set that is read in rows, blocks of axis 0.
#[derive(Debug)]
pub(crate) struct DatasetRows<A> {
    stored: Stored,
    element: PhantomData<fn() -> A>,
}

impl<A: Hdf5Element> DatasetRows<A> {
    /// Opens and checks a data set; nothing stays open but a memory map, where it is of use.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Hdf5`], as [`Hdf5Dataset::open`](super::Hdf5Dataset::open).
    pub(crate) fn open(file: &Path, dataset: &str) -> Result<DatasetRows<A>> {
        let stored = Stored::open::<A>(file, dataset)?;
        if stored.shape.is_empty() {
            return Err(Error::Hdf5(Hdf5Error {
                path: file.to_owned(),
                dataset: dataset.to_owned(),
                reason: "it is a single value, which has no axis to be read along".to_owned(),
            }));
        }
        Ok(DatasetRows { stored, element: PhantomData })
    }

    /// The shape of the whole data set.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.stored.shape
    }

    /// The number of rows that are best read together: the length of a chunk.
    pub(crate) fn rows_together(&self) -> usize {
        if self.stored.view::<A>().is_some() { 1 } else { self.stored.together(0) }
    }

    /// Says that rows are about to be read, `used` of those in `part`.
    pub(crate) fn announce(&self, part: Range<usize>, used: usize) {
        let width = self.width();
        self.stored.announce::<A>(part.start * width..part.end * width, used * width);
    }

    /// Elements of one row.
    fn width(&self) -> usize {
        self.stored.shape[1..].iter().product()
    }

    /// Opens a reader, for one worker.
    pub(crate) fn reader(&self) -> Result<RowsReader<'_, A>, SourceError> {
        let source = match self.stored.view_checked::<A>()? {
            Some(all) => RowSource::Mapped(all),
            None => RowSource::Bands(Box::new(BandElementReader::new(&self.stored, 0)?)),
        };
        Ok(RowsReader {
            len: self.stored.shape[0],
            width: self.width(),
            source,
            joined: Vec::new(),
        })
    }
}

/// One worker's reader of rows.
#[derive(Debug)]
pub(crate) struct RowsReader<'f, A> {
    /// Number of rows.
    len: usize,
    /// Elements of one row.
    width: usize,
    source: RowSource<'f, A>,
    /// Rows of several bands, put together.
    joined: Vec<A>,
}

#[derive(Debug)]
enum RowSource<'f, A> {
    Mapped(&'f [A]),
    Bands(Box<BandElementReader<'f, A>>),
}

impl<A: Hdf5Element> RowsReader<'_, A> {
    /// Reads the rows `first..first + count`, one after another in C order.
    ///
    /// Nothing is copied where they lie in the mapped file or in one chunk.
    pub(crate) fn read(&mut self, first: usize, count: usize) -> Result<&[A], SourceError> {
        let end = first.checked_add(count).filter(|&end| end <= self.len);
        let Some(end) = end else {
            return Err(format!("there are {} rows, not {count} from row {first}", self.len).into());
        };
        let width = self.width;
        let bands = match &mut self.source {
            RowSource::Mapped(all) => return Ok(&all[first * width..end * width]),
            RowSource::Bands(bands) => bands,
        };
        if count == 0 {
            return Ok(&[]);
        }
        let range = bands.band(first)?.1;
        if end <= range.end {
            let (elements, range) = bands.band(first)?;
            return Ok(&elements[(first - range.start) * width..(end - range.start) * width]);
        }
        self.joined.clear();
        let mut next = first;
        while next < end {
            let (elements, range) = bands.band(next)?;
            let until = end.min(range.end);
            let rows = (next - range.start) * width..(until - range.start) * width;
            self.joined.extend_from_slice(&elements[rows]);
            next = until;
        }
        Ok(&self.joined)
    }
}
