//! Functors: what can be mapped over, and how a worker reads its items.
//!
//! A functor has a length and opens *readers*; each worker opens one of its own and reads items by
//! index. A reader lends its items, so that one that reads a file can use a single buffer, and one
//! over an array costs nothing.

pub(crate) mod axis;
pub(crate) mod chunks;
mod lend;
pub(crate) mod list;
pub(crate) mod npy;
mod ragged;
mod range;
pub(crate) mod slice;

use std::ops::Range;

use crate::error::SourceError;
use crate::param::Param;

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
    note = "`ByValue<T>` stands for a parameter `x: T`, `ByRef<T>` for `x: &T`, `SubView<A, Dim<[usize; 2]>>` for `frame: ArrayView2<A>`, and so on",
    note = "the items must be of just that type: give the parameter the type of the data's elements, or convert the data before, `&data.mapv(f64::from)`; an array view has one axis less than the array, whose axis 0 is mapped over; `&[T]` is for a `Vec<Vec<T>>`, `ArrayView1<T>` for the rows of an `Array2<T>`",
    note = "what is not `Copy` is taken by reference: `x: &str` or `x: &String` over a `Vec<String>`, `x: &T` over a `Vec<T>`",
    note = "an iterator, a map or a set can't be asked for the item at an index: collect it first, `let values: Vec<f64> = map.values().copied().collect();`, and map over `&values`",
    note = "accepted are, by reference: slices, `Vec`s and arrays `[T; N]`, ndarray's arrays and pasha's `SharedArray` (along axis 0), `pasha::NpyFile`, and your own types that implement `pasha::Functor`; and by value: views, ranges of integers, `pasha::axis(&array, Axis(k))`, `pasha::chunks(&array, n)`, `pasha::windows(&array, n)`, `array.along(\"time\")?` of a `pasha::DataArray`"
)]
pub trait Functor<P: Param>: Sync {
    /// What a worker reads items from.
    type Reader<'f>: Read<P>
    where
        Self: 'f;

    /// The number of items: the functor's length.
    fn num_items(&self) -> usize;

    /// Opens a reader. Each worker does so once, in its own process or thread.
    ///
    /// # Errors
    /// Whatever keeps the source from being opened; the map fails with it.
    fn reader(&self) -> Result<Self::Reader<'_>, SourceError>;

    /// The shape that every item has, if that is known before the first is read.
    ///
    /// Outputs with `like = item`, or with an item's name in their shape, need it.
    fn item_shape(&self) -> Option<P::Shape> {
        None
    }

    /// The number of items that are best read together, such as those of one chunk of a file:
    /// shares start at multiples of it where there are enough items.
    fn items_together(&self) -> usize {
        1
    }

    /// Says what makes mapping over it pointless, before anything is allocated or run.
    ///
    /// # Errors
    /// What is wrong, as text for the user.
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
pub trait Read<P: Param> {
    /// Why an item can't be read; [`Infallible`](std::convert::Infallible) where it always can.
    type Error: Into<SourceError>;

    /// Reads the item at `index`, which is below the functor's length.
    ///
    /// The item may borrow from the reader: it is used up before the next is read.
    ///
    /// # Errors
    /// Whatever keeps the item from being read; the map fails with the index and this.
    fn read(&mut self, index: usize) -> Result<P::Item<'_>, Self::Error>;

    /// Tells which indices will be read next, in order, so that a reader may prepare for them.
    ///
    /// # Panics
    /// An implementation may panic if the range is not within the functor's length.
    fn begin(&mut self, share: Range<usize>) {
        let _ = share;
    }

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

/// What may be given for an item of kind `P` when a kernel is run: a reference to a functor, or a
/// functor that is itself no more than a reference or a range.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be mapped over by a kernel that takes `{P}` items",
    label = "not a source of `{P}`",
    note = "`ByValue<T>` stands for a parameter `x: T`, `ByRef<T>` for `x: &T`, `SubView<A, Dim<[usize; 2]>>` for `frame: ArrayView2<A>`, and so on",
    note = "the items must be of just that type: give the parameter the type of the data's elements, or convert the data before, `&data.mapv(f64::from)`; an array view has one axis less than the array, whose axis 0 is mapped over; `&[T]` is for a `Vec<Vec<T>>`, `ArrayView1<T>` for the rows of an `Array2<T>`",
    note = "what is not `Copy` is taken by reference: `x: &str` or `x: &String` over a `Vec<String>`, `x: &T` over a `Vec<T>`",
    note = "an iterator, a map or a set can't be asked for the item at an index: collect it first, `let values: Vec<f64> = map.values().copied().collect();`, and map over `&values`",
    note = "accepted are, by reference: slices, `Vec`s and arrays `[T; N]`, ndarray's arrays and pasha's `SharedArray` (along axis 0), `pasha::NpyFile`, and your own types that implement `pasha::Functor`; and by value: views, ranges of integers, `pasha::axis(&array, Axis(k))`, `pasha::chunks(&array, n)`, `pasha::windows(&array, n)`, `array.along(\"time\")?` of a `pasha::DataArray`"
)]
pub trait IntoFunctor<P: Param> {
    /// The functor.
    type Functor: Functor<P>;

    /// Gives the functor.
    fn into_functor(self) -> Self::Functor;
}

#[diagnostic::do_not_recommend]
impl<'a, P: Param, F: Functor<P> + ?Sized> IntoFunctor<P> for &'a F {
    type Functor = &'a F;

    fn into_functor(self) -> &'a F {
        self
    }
}

/// Lets functors that borrow what they map over, or are small, be given by value.
macro_rules! given_by_value {
    ($([$($generics:tt)*] $functor:ty;)+) => {$(
        // Of all kinds, so that one it does not deliver is reported as that.
        #[diagnostic::do_not_recommend]
        impl<$($generics)* P: $crate::param::Param> $crate::functor::IntoFunctor<P> for $functor
        where
            $functor: $crate::functor::Functor<P>,
        {
            type Functor = $functor;

            fn into_functor(self) -> $functor {
                self
            }
        }
    )+};
}
pub(crate) use given_by_value;

#[diagnostic::do_not_recommend]
impl<P: Param, F: Functor<P> + ?Sized> Functor<P> for &F {
    type Reader<'f>
        = F::Reader<'f>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        (**self).num_items()
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        (**self).reader()
    }

    fn item_shape(&self) -> Option<P::Shape> {
        (**self).item_shape()
    }

    fn items_together(&self) -> usize {
        (**self).items_together()
    }

    fn check(&self) -> Result<(), SourceError> {
        (**self).check()
    }

    fn announce(&self) {
        (**self).announce();
    }

    const MAY_BE_ABSENT: bool = F::MAY_BE_ABSENT;

    #[inline(always)]
    fn is_present(&self, index: usize) -> bool {
        (**self).is_present(index)
    }

    fn labels(&self) -> Option<&[u64]> {
        (**self).labels()
    }
}

/// A source whose items have one natural kind, which closures given to [`map`](crate::map()) get.
///
/// Slices and one-dimensional arrays give references, arrays of more dimensions sub-views along
/// axis 0, ranges their integers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be mapped over by a closure",
    label = "no kind of item is natural to it",
    note = "give a container by reference, `&values`; an iterator, a map or a set can't be asked for the item at an index: collect it first, `let values: Vec<f64> = map.values().copied().collect();`, and map over `&values`",
    note = "accepted are, by reference: slices, `Vec`s and arrays `[T; N]`, ndarray's arrays and pasha's `SharedArray` (along axis 0), `pasha::NpyFile`, and your own types that implement `pasha::Functor`, with `pasha::NaturalItem` for the reference; and by value: views, ranges of integers, `pasha::axis(&array, Axis(k))`, `pasha::chunks(&array, n)`, `pasha::windows(&array, n)`, `array.along(\"time\")?` of a `pasha::DataArray`"
)]
pub trait NaturalItem: IntoFunctor<Self::Param> {
    /// The kind of item that a closure gets.
    type Param: Param;
}
