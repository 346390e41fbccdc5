//! The functor that users name.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, Range, RangeBounds};
use std::path::Path;
use std::sync::Arc;

use ndarray::{Dimension, IxDyn};

use super::axis::IntoAxis;
use super::element::Hdf5Element;
use super::series::SeriesFiles;
use super::stored::Stored;
use crate::error::{Error, Hdf5Error, Result, SourceError};

/// A data set of an HDF5 file, with elements `A` and dimension `D`.
///
/// Mapped over, its items are those of an array along axis 0, or along another
/// [`axis`](Self::axis): for `(n, y, x)` the sub-views `(y, x)`. It is not loaded:
///
/// - Contiguous elements of the type `A` are mapped into memory, and nothing is copied.
/// - Chunks, plain or with gzip, shuffle, fletcher32, LZF, bitshuffle (with LZ4, zstd or none),
///   LZ4, zstd, blosc and blosc2, are read and decompressed by the workers, all at the same time,
///   without libhdf5 and without a plugin. Each keeps the chunks that its next items need:
///   `(chunk, y, x)` elements, whatever `n` is. Shares start at chunks where there are enough
///   items. Along an axis other than the first a worker's chunks are all that lie at an index,
///   which for frames in chunks of their own is all of the data set.
/// - The files of a series, [opened](Self::open_series) together or as the group of an Eiger
///   detector's master file, and virtual data sets whose mappings are boxes, are read in the files
///   that hold the elements, each as above.
/// - The elements of a data set in external raw files are read there. Files with relative names are
///   looked for as libhdf5 does it, when the data set is opened: in the folder that the environment
///   variable `HDF5_EXTFILE_PREFIX` says, in which `${ORIGIN}` stands for that of the HDF5 file, or
///   else in the program's working directory. Elements behind the end of a raw file are an error of
///   their items, where libhdf5 reads zeros.
/// - Anything else, such as other mappings or other filters (which need their plugin), is read
///   through libhdf5, one worker at a time.
///
/// Integers of any width and byte order are converted to integers and floats `A`, floats to floats,
/// complex numbers to complex numbers, and h5py's bools to `bool` and integers, as HDF5 does; but a
/// value that does not fit is an error with its place, also a byte other than 0 and 1 for a `bool`.
/// Bit fields are read as unsigned integers, those of one byte also as `bool` (so PyTables writes
/// bools), enumerations as their integers, compounds as structs of yours
/// ([`Hdf5Record`](crate::Hdf5Record)). Where the elements are arrays, their axes follow those of
/// the data set. Parts that were never written hold the data set's fill value, and so do those of a
/// virtual data set whose file is not there, as in HDF5.
///
/// No handle of libhdf5 stays open. A worker that begins to read refuses a file that was written,
/// truncated or replaced since the data set was opened, with both sizes and times; mapped elements
/// stay readable when the file was removed or replaced. While a map runs, nobody may shorten or
/// overwrite the file: reading beyond a new end of mapped elements would kill the reader (SIGBUS),
/// and values would change under a running kernel.
///
/// # Examples
/// ```
/// use ndarray::{Array3, ArrayView2, Ix3};
/// use pasha::Hdf5Dataset;
///
/// /// Adds up a frame.
/// #[pasha::kernel]
/// fn total(frame: ArrayView2<u16>) -> u64 {
///     frame.iter().map(|&count| u64::from(count)).sum()
/// }
///
/// # let path = std::env::temp_dir().join(format!("pasha-hdf5-doc-{}.h5", std::process::id()));
/// let file = hdf5_metno::File::create(&path)?;
/// file.new_dataset_builder()
///     .with_data(&Array3::<u16>::ones((5, 4, 3)))
///     .chunk((1, 4, 3))
///     .deflate(4)
///     .create("frames")?;
/// file.close()?;
///
/// let frames = Hdf5Dataset::<u16, Ix3>::open(&path, "frames")?;
/// assert_eq!(total::run_parallel(&frames)?, ndarray::array![12, 12, 12, 12, 12]);
/// assert_eq!(total::run_parallel(&frames.clone().select(1..3))?, ndarray::array![12, 12]);
/// assert_eq!(total::run_parallel(&frames.axis(2))?, ndarray::array![20, 20, 20]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Hdf5Dataset<A, D> {
    pub(super) stored: Arc<Stored>,
    pub(super) dim: D,
    pub(super) axis: usize,
    /// The indices of the axis that are mapped, as they were asked for.
    pub(super) selected: (Bound<usize>, Bound<usize>),
    pub(super) element: PhantomData<fn() -> A>,
}

impl<A: Hdf5Element, D: Dimension> Hdf5Dataset<A, D> {
    /// Opens and checks a data set, given by its path in the file.
    ///
    /// It may be a group whose members `data_000001`, `data_000002` and so on are the parts of a
    /// series, such as `entry/data` in the master file of an Eiger detector: they are one data set
    /// along axis 0, in the order of their numbers. Links are followed, also into other files.
    ///
    /// It is looked at in a forked process first: libhdf5 crashes on some damaged files.
    ///
    /// # Errors
    /// [`Error::File`] if the file can't be opened; [`Error::Hdf5`] if it is no HDF5 file or
    /// truncated, has no such data set (the nearest names are told), or a link on the way to it
    /// leads nowhere; if that has no elements or ones of a type that is not converted to `A`,
    /// another number of axes, a filter that is not installed, or lies beyond the end of the file;
    /// if an external raw file is not there, with its name and the folder in which it was looked
    /// for; if parts of a series do not agree in their type and in all axes but the first, or a
    /// number between theirs is missing. The message names the file, the data set, both values and
    /// what to do.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-open-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # let frames = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # let group = file.create_group("entry/data")?;
    /// # group.new_dataset_builder().with_data(&frames).create("frames")?;
    /// # file.close()?;
    /// let frames = Hdf5Dataset::<u16, Ix3>::open(&path, "entry/data/frames")?; // (n, y, x)
    /// assert_eq!(frames.shape(), [5, 4, 3]);
    /// let error = Hdf5Dataset::<u16, Ix3>::open(&path, "entry/data/frame").unwrap_err();
    /// assert!(error.to_string().contains("frames"), "{error}");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, dataset: &str) -> Result<Self> {
        let stored = Stored::open_soundly::<A>(path.as_ref(), dataset)?;
        Hdf5Dataset::new(stored)
    }

    /// Opens a data set of several files, the same path in each, as one along axis 0: frames
    /// `(n, y, x)` and `(m, y, x)` are `(n + m, y, x)`.
    ///
    /// `files` is a pattern, `"series_1_data_*.h5"`, whose files are taken in the order of the
    /// numbers in their names, or paths, which keep their order. The last may hold fewer frames
    /// than the others, or any. Workers keep no more than a few files open, and a contiguous part
    /// is mapped into memory as a data set of its own is.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Hdf5`] also if no file matches, if a file shows what is in
    /// another of them, as a master file does, and if of files that match, named `…data_000001` and
    /// so on, one in between is missing. To do without it, give the paths of the others.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, ArrayView2, Ix3};
    /// use pasha::Hdf5Dataset;
    ///
    /// # let folder = format!("pasha-hdf5-series-{}", std::process::id());
    /// # let folder = std::env::temp_dir().join(folder);
    /// # std::fs::create_dir_all(&folder)?;
    /// for (number, frames) in [(1, 5), (2, 5), (10, 2)] {
    ///     let file = hdf5_metno::File::create(folder.join(format!("scan_{number}.h5")))?;
    ///     let data = Array3::<u16>::from_elem((frames, 4, 3), number);
    ///     file.new_dataset_builder().with_data(&data).create("frames")?;
    /// }
    /// let frames = Hdf5Dataset::<u16, Ix3>::open_series(folder.join("scan_*.h5"), "frames")?;
    /// assert_eq!(frames.shape(), [12, 4, 3]);
    /// let corners = pasha::map(&frames, |_, _, frame: ArrayView2<u16>| frame[[0, 0]])?;
    /// assert_eq!(corners, ndarray::array![1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 10, 10]);
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_series(files: impl SeriesFiles, dataset: &str) -> Result<Self> {
        let files = files.files(dataset)?;
        Hdf5Dataset::new(Stored::open_series_soundly::<A>(&files, dataset)?)
    }

    /// Takes a described data set, if it has the number of axes of `D`.
    fn new(stored: Stored) -> Result<Self> {
        let found = &stored.shape;
        // A single value may be stored as an array of one.
        let is_single = D::NDIM == Some(0) && found.iter().all(|&len| len == 1);
        let axes: &[usize] = if is_single { &[] } else { found };
        let Some(dim) = D::from_dimension(&IxDyn(axes)) else {
            let element = A::name();
            let axes = |n: usize| format!("{n} ax{}", if n == 1 { "is" } else { "es" });
            let asked = D::NDIM.map_or("another number of axes".to_owned(), axes);
            let way_out = match found.len() {
                0 => format!(
                    "it is a single value, which has no axis to map along: read it with \
                     Hdf5Dataset::<{element}, Ix0>::open(…)?.value()?"
                ),
                rank @ 1..=6 => format!("open it as Hdf5Dataset::<{element}, Ix{rank}>"),
                _ => format!("open it as Hdf5Dataset::<{element}, IxDyn>"),
            };
            return Err(Error::Hdf5(Hdf5Error {
                reason: format!(
                    "its shape is {found:?}, {}, but {asked} were asked for; {way_out}",
                    axes(found.len())
                ),
                path: stored.path,
                dataset: stored.name,
            }));
        };
        Ok(Hdf5Dataset {
            stored: Arc::new(stored),
            dim,
            axis: 0,
            selected: (Bound::Unbounded, Bound::Unbounded),
            element: PhantomData,
        })
    }

    /// Maps along this axis, counted from 0, instead of axis 0; the order of the other axes is
    /// kept.
    ///
    /// An axis that is not there is an error when the kernel is run.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{ArrayView2, Ix3};
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-axis-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # let frames = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # file.new_dataset_builder().with_data(&frames).create("frames")?;
    /// # file.close()?;
    /// let frames = Hdf5Dataset::<u16, Ix3>::open(&path, "frames")?; // (n, y, x)
    /// let of_columns = pasha::map(&frames.axis(2), |_, _, column: ArrayView2<u16>| column.sum())?;
    /// assert_eq!(of_columns, ndarray::array![20, 20, 20]);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn axis(self, axis: impl IntoAxis) -> Self {
        Hdf5Dataset { axis: axis.into_axis(), ..self }
    }

    /// Maps over these indices of the mapped axis only; item 0 is then the first of them.
    ///
    /// The range counts from the data set's start, also after another `select`. One that ends
    /// beyond the axis is an error when the kernel is run.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{ArrayView2, Ix3};
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-select-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # let frames = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # file.new_dataset_builder().with_data(&frames).create("frames")?;
    /// # file.close()?;
    /// let frames = Hdf5Dataset::<u16, Ix3>::open(&path, "frames")?; // (n, y, x)
    /// let totals = pasha::map(&frames.select(3..), |_, _, frame: ArrayView2<u16>| frame.sum())?;
    /// assert_eq!(totals, ndarray::array![12, 12]);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn select(self, range: impl RangeBounds<usize>) -> Self {
        let selected = (range.start_bound().cloned(), range.end_bound().cloned());
        Hdf5Dataset { selected, ..self }
    }
}

impl<A, D> Hdf5Dataset<A, D> {
    /// The shape of the whole data set, one length per axis, whatever is selected.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-shape-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # let frames = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # file.new_dataset_builder().with_data(&frames).create("frames")?;
    /// # file.close()?;
    /// let frames = Hdf5Dataset::<u16, Ix3>::open(&path, "frames")?;
    /// assert_eq!(frames.select(3..).shape(), [5, 4, 3]);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shape(&self) -> &[usize] {
        &self.stored.shape
    }

    /// The file's absolute path; of files that were opened together that of the first.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-path-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # let frames = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # file.new_dataset_builder().with_data(&frames).create("frames")?;
    /// # file.close()?;
    /// assert_eq!(Hdf5Dataset::<u16, Ix3>::open(&path, "frames")?.path(), path);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn path(&self) -> &Path {
        &self.stored.path
    }

    /// The data set's path in the file, as it was opened.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-name-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # let frames = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # file.new_dataset_builder().with_data(&frames).create("frames")?;
    /// # file.close()?;
    /// assert_eq!(Hdf5Dataset::<u16, Ix3>::open(&path, "frames")?.name(), "frames");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> &str {
        &self.stored.name
    }

    /// The indices of the axis that are mapped; none if what was asked for is not there.
    pub(super) fn range(&self) -> Range<usize> {
        self.checked_range().unwrap_or(0..0)
    }

    /// The indices of the axis that are mapped.
    pub(super) fn checked_range(&self) -> Result<Range<usize>, SourceError> {
        let shape = self.shape();
        let Some(&len) = shape.get(self.axis) else {
            return Err(format!(
                "it has {} axes, counted from 0, so there is no axis {}",
                shape.len(),
                self.axis
            )
            .into());
        };
        let start = match self.selected.0 {
            Bound::Included(start) => Some(start),
            Bound::Excluded(before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let end = match self.selected.1 {
            Bound::Included(last) => last.checked_add(1),
            Bound::Excluded(end) => Some(end),
            Bound::Unbounded => Some(len),
        };
        match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= len => Ok(start..end),
            (start, end) => Err(format!(
                "indices {}..{} were selected, but axis {} has {len}",
                start.map_or("…".to_owned(), |start| start.to_string()),
                end.map_or("…".to_owned(), |end| end.to_string()),
                self.axis
            )
            .into()),
        }
    }
}

impl<A, D: Clone> Clone for Hdf5Dataset<A, D> {
    /// Copies nothing of the data set.
    fn clone(&self) -> Self {
        Hdf5Dataset { stored: Arc::clone(&self.stored), dim: self.dim.clone(), ..*self }
    }
}

impl<A, D: fmt::Debug> fmt::Debug for Hdf5Dataset<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hdf5Dataset")
            .field("path", &self.path())
            .field("name", &self.name())
            .field("dim", &self.dim)
            .field("axis", &self.axis)
            .field("selected", &self.selected)
            .field("element", &std::any::type_name::<A>())
            .finish()
    }
}
