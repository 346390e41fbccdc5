//! Functors: what can be mapped over, and how a worker reads its items.
//!
//! A functor has a length and opens *readers*; each worker opens one of its own and reads items by
//! index. A reader lends its items, so that one that reads a file can use a single buffer, and one
//! over an array costs nothing.

pub(crate) mod axes;
pub(crate) mod axis;
pub(crate) mod chunks;
pub(crate) mod concat;
pub(crate) mod indices;
mod into_functor;
mod lend;
pub(crate) mod list;
pub(crate) mod masked;
pub(crate) mod npy;
mod parts;
mod ragged;
mod range;
pub(crate) mod select;
pub(crate) mod slice;

use std::ops::Range;

pub use into_functor::{IntoFunctor, NaturalItem};
pub(crate) use into_functor::{given_by_value, natural_items};

use crate::error::SourceError;
use crate::param::Param;

/// Why an array can't be mapped over that is a single element.
pub(crate) const NO_AXIS: &str = "it has no axis to map along: its dimension is 0";

/// Something that can be mapped over by a kernel whose item is of the kind `P`.
///
/// Implement three methods to map over anything of your own: the
/// [number of items](Functor::num_items), opening a [reader](Functor::reader), and reading
/// [one item](Read::read). The others have defaults.
///
/// # Examples
/// A functor that reads records of a file into a buffer of each worker's own:
/// ```
/// use std::fs::File;
/// use std::io;
/// use std::os::unix::fs::FileExt;
/// use ndarray::{ArrayView1, Ix1};
/// use pasha::{Functor, ItemShape, Read, SourceError, SubView};
///
/// /// Records of 16 bytes.
/// struct Records { path: std::path::PathBuf, len: usize }
///
/// /// One worker's open file and buffer.
/// struct Reader { file: File, buffer: [u8; 16] }
///
/// impl Functor<SubView<u8, Ix1>> for Records {
///     type Reader<'f> = Reader;
///
///     fn num_items(&self) -> usize { self.len }
///
///     fn reader(&self) -> Result<Reader, SourceError> {
///         Ok(Reader { file: File::open(&self.path)?, buffer: [0; 16] })
///     }
///
///     // Not needed for reading; lets outputs be shaped `like = record`.
///     fn item_shape(&self) -> Option<ItemShape<Ix1>> { Some(ItemShape::new(16)) }
/// }
///
/// impl Read<SubView<u8, Ix1>> for Reader {
///     type Error = io::Error;
///
///     fn read(&mut self, index: usize) -> io::Result<ArrayView1<'_, u8>> {
///         self.file.read_exact_at(&mut self.buffer, 16 * index as u64)?;
///         Ok(ArrayView1::from(&self.buffer[..]))
///     }
/// }
///
/// /// Adds up the bytes of a record.
/// #[pasha::kernel]
/// fn checksum(record: ArrayView1<u8>) -> u32 {
///     record.iter().map(|&byte| u32::from(byte)).sum()
/// }
///
/// # let path = std::env::temp_dir().join(format!("pasha-doc-{}.bin", std::process::id()));
/// std::fs::write(&path, [1_u8; 48])?;
/// let sums = checksum::run_parallel(&Records { path: path.clone(), len: 3 })?;
/// assert_eq!(sums, ndarray::array![16, 16, 16]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be mapped over by a kernel that takes `{P}` items",
    label = "not a source of `{P}`",
    note = "all that an item may be, what it is read from, and what to write instead: the documentation's page `pasha::guide::items`"
)]
pub trait Functor<P: Param>: Sync {
    /// What a worker reads items from.
    type Reader<'f>: Read<P>
    where
        Self: 'f;

    /// The number of items: the functor's length.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, Ix2};
    /// use pasha::{Functor, SubView};
    ///
    /// let frames = Array3::<u16>::zeros((10, 64, 128)); // (n, y, x)
    /// assert_eq!(Functor::<SubView<u16, Ix2>>::num_items(&frames), 10);
    /// ```
    fn num_items(&self) -> usize;

    /// Opens a reader. Each worker does so once, in its own process or thread.
    ///
    /// # Errors
    /// Whatever keeps the source from being opened; the map fails with it.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, ArrayView2, Ix2};
    /// use pasha::{Functor, Read, SubView};
    ///
    /// let frames = Array3::<u16>::ones((10, 64, 128)); // (n, y, x)
    /// let mut reader = Functor::<SubView<u16, Ix2>>::reader(&frames)?;
    /// let frame: ArrayView2<u16> = reader.read(3)?;
    /// assert_eq!(frame.shape(), [64, 128]);
    /// # Ok::<(), pasha::SourceError>(())
    /// ```
    fn reader(&self) -> Result<Self::Reader<'_>, SourceError>;

    /// The shape that every item has, if that is known before the first is read.
    ///
    /// Outputs with `like = item`, or with an item's name in their shape, need it.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, Ix2};
    /// use pasha::{Functor, ItemShape, SubView};
    ///
    /// let frames = Array3::<u16>::ones((10, 64, 128)); // (n, y, x)
    /// let shape = Functor::<SubView<u16, Ix2>>::item_shape(&frames);
    /// assert_eq!(shape, Some(ItemShape::new((64, 128))));
    /// ```
    fn item_shape(&self) -> Option<P::Shape> {
        None
    }

    /// The number of items that are best read together, such as those of one chunk of a file:
    /// shares start at multiples of it where there are enough items.
    ///
    /// # Examples
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use pasha::{ByValue, Functor, Read, SourceError};
    ///
    /// /// Numbers that lie in chunks of 100 in their file.
    /// struct Chunked(Vec<f64>);
    ///
    /// impl Functor<ByValue<f64>> for Chunked {
    ///     type Reader<'f> = &'f Chunked;
    ///     fn num_items(&self) -> usize { self.0.len() }
    ///     fn reader(&self) -> Result<&Chunked, SourceError> { Ok(self) }
    ///     fn items_together(&self) -> usize { 100 }
    /// }
    ///
    /// impl Read<ByValue<f64>> for &Chunked {
    ///     type Error = Infallible;
    ///     fn read(&mut self, index: usize) -> Result<f64, Infallible> { Ok(self.0[index]) }
    /// }
    ///
    /// /// Adds up, in shares that begin at 0, 100, 200, …
    /// #[pasha::kernel]
    /// fn total(value: f64, #[reduce(sum)] sum: &mut f64) { *sum += value }
    ///
    /// let context = pasha::ThreadContext::new(4)?;
    /// assert_eq!(total::run_in(&context, &Chunked(vec![0.5; 1000]))?, 500.0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn items_together(&self) -> usize {
        1
    }

    /// The number of items of which none is read without the others, such as those of a compressed
    /// chunk, at multiples of it.
    #[doc(hidden)]
    fn items_inseparable(&self) -> usize {
        self.items_together()
    }

    /// Says what makes mapping over it pointless, before anything is allocated or run.
    ///
    /// # Errors
    /// What is wrong, as text for the user.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, Axis, Ix2};
    /// use pasha::{Functor, SubView};
    ///
    /// let frames = Array3::<u16>::ones((10, 64, 128));
    /// let along = pasha::axis(&frames, Axis(3));
    /// let error = Functor::<SubView<u16, Ix2>>::check(&along).unwrap_err();
    /// assert!(error.to_string().contains("it has 3 axes"));
    /// ```
    fn check(&self) -> Result<(), SourceError> {
        Ok(())
    }

    /// Tells, before the workers start, that all items are about to be read.
    #[doc(hidden)]
    fn announce(&self) {}

    /// Whether there may be indices without an item; only then `is_present` is asked.
    #[doc(hidden)]
    const MAY_BE_ABSENT: bool = false;

    /// Whether there is an item at an index below the length. A kernel is not called at an index
    /// where any of its items is absent.
    #[doc(hidden)]
    fn is_present(&self, index: usize) -> bool {
        let _ = index;
        true
    }

    /// What the items are called, such as ids of trains, in order: functors that are mapped over
    /// together must agree in it.
    #[doc(hidden)]
    fn labels(&self) -> Option<&[u64]> {
        None
    }
}

/// One worker's reader of a functor's items.
///
/// # Examples
/// ```
/// use std::convert::Infallible;
///
/// use ndarray::{ArrayView1, Ix1};
/// use pasha::{Functor, Read, SourceError, SubView};
///
/// /// Spectra of one channel after the other, as they are calculated: `(n, 4)`.
/// struct Ramps(usize);
///
/// /// One worker's buffer, which it lends for one call after another.
/// struct Buffer([f64; 4]);
///
/// impl Functor<SubView<f64, Ix1>> for Ramps {
///     type Reader<'f> = Buffer;
///     fn num_items(&self) -> usize { self.0 }
///     fn reader(&self) -> Result<Buffer, SourceError> { Ok(Buffer([0.0; 4])) }
/// }
///
/// impl Read<SubView<f64, Ix1>> for Buffer {
///     type Error = Infallible;
///
///     fn read(&mut self, index: usize) -> Result<ArrayView1<'_, f64>, Infallible> {
///         (0..4).for_each(|channel| self.0[channel] = (index * channel) as f64);
///         Ok(ArrayView1::from(&self.0[..]))
///     }
/// }
///
/// /// The sum of a spectrum.
/// #[pasha::kernel]
/// fn total(spectrum: ArrayView1<f64>) -> f64 { spectrum.sum() }
///
/// assert_eq!(total::run_parallel(&Ramps(3))?, ndarray::array![0.0, 6.0, 12.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub trait Read<P: Param> {
    /// Why an item can't be read; [`Infallible`](std::convert::Infallible) where it always can.
    type Error: Into<SourceError>;

    /// Reads the item at `index`, which is below the functor's length.
    ///
    /// The item may borrow from the reader: it is used up before the next is read.
    ///
    /// # Errors
    /// Whatever keeps the item from being read; the map fails with the index and this.
    ///
    /// # Examples
    /// ```
    /// use pasha::{ByValue, Functor, Read};
    ///
    /// let monitor = vec![0.5, 1.5];
    /// let mut reader = Functor::<ByValue<f64>>::reader(&monitor)?;
    /// Read::<ByValue<f64>>::begin(&mut reader, 0..2);
    /// let value: f64 = Read::<ByValue<f64>>::read(&mut reader, 1)?;
    /// assert_eq!(value, 1.5);
    /// # Ok::<(), pasha::SourceError>(())
    /// ```
    fn read(&mut self, index: usize) -> Result<P::Item<'_>, Self::Error>;

    /// Tells which indices will be read next, in order, so that a reader may prepare for them.
    ///
    /// # Panics
    /// An implementation may panic if the range is not within the functor's length.
    ///
    /// # Examples
    /// ```
    /// use std::convert::Infallible;
    /// use std::ops::Range;
    ///
    /// use pasha::{ByValue, Functor, Read, SourceError};
    ///
    /// /// Squares, calculated for a whole share at once, as a file is read in one piece.
    /// struct Squares(u64);
    ///
    /// #[derive(Default)]
    /// struct Reader { start: usize, ready: Vec<u64> }
    ///
    /// impl Functor<ByValue<u64>> for Squares {
    ///     type Reader<'f> = Reader;
    ///     fn num_items(&self) -> usize { self.0 as usize }
    ///     fn reader(&self) -> Result<Reader, SourceError> { Ok(Reader::default()) }
    /// }
    ///
    /// impl Read<ByValue<u64>> for Reader {
    ///     type Error = Infallible;
    ///
    ///     fn begin(&mut self, share: Range<usize>) {
    ///         self.start = share.start;
    ///         self.ready = share.map(|index| (index * index) as u64).collect();
    ///     }
    ///
    ///     fn read(&mut self, index: usize) -> Result<u64, Infallible> {
    ///         Ok(self.ready[index - self.start])
    ///     }
    /// }
    ///
    /// /// The item itself.
    /// #[pasha::kernel]
    /// fn same(value: u64) -> u64 { value }
    ///
    /// assert_eq!(same::run_serial(&Squares(4))?, ndarray::array![0, 1, 4, 9]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn begin(&mut self, share: Range<usize>) {
        let _ = share;
    }

    /// Whether [`begin`](Read::begin) prepares nothing, and any item can be read after it: then a
    /// share may be much longer than what is read of it.
    #[doc(hidden)]
    const PREPARES_NOTHING: bool = false;

    /// The addresses of the memory in which the items of a share lie back to back, if they do.
    #[doc(hidden)]
    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        let _ = share;
        None
    }

    /// Reads an item without checking that there is one.
    ///
    /// # Safety
    /// `index` must be in the range that was last given to [`begin`](Read::begin).
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn read_unchecked(&mut self, index: usize) -> Result<P::Item<'_>, Self::Error> {
        self.read(index)
    }
}
