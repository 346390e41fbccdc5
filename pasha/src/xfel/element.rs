//! What the entries of a key are made of: numbers, which are read as they are needed, and texts.

use std::ops::Range;
use std::path::Path;

use super::text::{TextDataset, TextsReader};
use crate::error::{Result, SourceError};
use crate::hdf5::Hdf5Element;
use crate::hdf5::rows::{DatasetRows, RowsReader};

/// An element type that a key can be opened with: a number as in [`Hdf5Element`], or `String`.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// use ndarray::Ix0;
/// use pasha::xfel::{Key, KeyElement, Run};
///
/// /// The flux, as whatever element the program wants.
/// fn flux<A: KeyElement>(run: &Run) -> pasha::Result<Key<A, Ix0>> {
///     run.key("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")
/// }
///
/// let flux = flux::<f64>(&run)?;
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a key can't be opened with elements of type `{Self}`",
    label = "not a type of stored data",
    note = "open it as `i8` to `i64`, `u8` to `u64`, `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>`, `bool`, `String`, or a struct with `pasha::hdf5_record!`"
)]
#[allow(private_bounds, reason = "it is sealed")]
pub trait KeyElement: KeyStorage {}

impl<A: KeyStorage> KeyElement for A {}

/// How elements lie in a file.
pub(super) trait KeyStorage: Clone + Send + Sync + 'static {
    /// A data set in a file.
    type Rows: StoredRows<Self>;
}

/// A data set in a file, to be read by rows of its first axis; it holds no handle.
pub(super) trait StoredRows<A>: Send + Sync + Sized + 'static {
    /// One worker's open data set.
    type Reader<'r>: ReadRows<A>;

    fn open(file: &Path, dataset: &str) -> Result<Self>;

    fn shape(&self) -> &[usize];

    fn rows_together(&self) -> usize;

    /// Says that rows are about to be read, `used` of those in `part`.
    fn announce(&self, part: Range<usize>, used: usize);

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError>;
}

/// One worker's reader of a data set.
pub(super) trait ReadRows<A> {
    /// Reads rows that are there, in C order.
    fn read(&mut self, first: usize, count: usize) -> Result<&[A], SourceError>;
}

impl<A: Hdf5Element> KeyStorage for A {
    type Rows = DatasetRows<A>;
}

impl<A: Hdf5Element> StoredRows<A> for DatasetRows<A> {
    type Reader<'r> = RowsReader<'r, A>;

    fn open(file: &Path, dataset: &str) -> Result<Self> {
        DatasetRows::open(file, dataset)
    }

    fn shape(&self) -> &[usize] {
        DatasetRows::shape(self)
    }

    fn rows_together(&self) -> usize {
        DatasetRows::rows_together(self)
    }

    fn announce(&self, part: Range<usize>, used: usize) {
        DatasetRows::announce(self, part, used);
    }

    fn reader(&self) -> Result<RowsReader<'_, A>, SourceError> {
        DatasetRows::reader(self)
    }
}

impl<A: Hdf5Element> ReadRows<A> for RowsReader<'_, A> {
    #[inline]
    fn read(&mut self, first: usize, count: usize) -> Result<&[A], SourceError> {
        RowsReader::read(self, first, count)
    }
}

impl KeyStorage for String {
    type Rows = TextDataset;
}

impl StoredRows<String> for TextDataset {
    type Reader<'r> = TextsReader<'r>;

    fn open(file: &Path, dataset: &str) -> Result<Self> {
        TextDataset::open(file, dataset)
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn rows_together(&self) -> usize {
        1
    }

    fn announce(&self, _part: Range<usize>, _used: usize) {}

    fn reader(&self) -> Result<TextsReader<'_>, SourceError> {
        Ok(TextsReader(self))
    }
}

impl ReadRows<String> for TextsReader<'_> {
    fn read(&mut self, first: usize, count: usize) -> Result<&[String], SourceError> {
        let row: usize = self.0.shape.iter().skip(1).product();
        let texts = self.0.texts.get(first * row..(first + count) * row);
        texts.ok_or_else(|| format!("there are no rows {first} to {}", first + count).into())
    }
}
