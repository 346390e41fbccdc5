//! The labelled array in a file, and how workers read it block by block.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use ndarray::{Array, Dimension};

use super::decoding::Decoding;
use super::element::{ElementType, StoredElement, VariableBlock};
use super::found::SkippedCoordinate;
use super::labels::Labels;
use super::memory::DataArray;
use super::packing::Packing;
use super::variable::{OpenVariable, StoredFile};
use crate::error::{Error, Result, SourceError, VariableError};
use crate::memory::buffer::zeroed;

/// A variable of a file, of which only the labels have been read.
///
/// It is what `DataArray::from_netcdf` and `DataArray::from_zarr` return. Mapped over
/// [along](StoredArray::along) a dimension, each worker opens the file for itself and reads what
/// it maps, chunk by chunk, into a buffer of its own; the array is never loaded whole (but by
/// [`load`](StoredArray::load)).
///
/// Values are those that xarray shows: where the file has `scale_factor`, `add_offset`,
/// `_FillValue` or `missing_value`, elements are `f32` or `f64`, and what is missing is NaN; where
/// it has `_Unsigned`, integers are those of the other sign. Whole numbers are never rounded, but
/// where the file has a scale: an `i64` or `u64` beyond 2⁵³ beside missing ones, which no float
/// has, ends in an error that names it.
///
/// The coordinates are those that xarray shows, too: along one or several dimensions or none, of
/// numbers, times, texts or truth values. They are read whole when the array is opened. Those that
/// can't be are left out, and listed in [`skipped_coordinates`](StoredArray::skipped_coordinates).
/// Those that count `… since …` are [times](super::Time), exact if the file has whole numbers, or
/// [times of a calendar](super::CalendarTime) where they are of another calendar than ours, before
/// 1678 or after 2261. Where units are not understood, the numbers are left, and the coordinate
/// [says why](super::Coordinate::undecoded). Attributes that are neither numbers nor text are left
/// out. What the file itself has is read with `DataArray::from_netcdf_raw` and `from_zarr_raw`.
///
/// A worker that begins to read refuses a file (of a Zarr store the array's metadata) that was
/// written, truncated or replaced since it was opened, with both sizes and times. While a map runs,
/// nobody may write the file.
///
/// # Examples
/// ```
/// use ndarray::Ix3;
/// use pasha::DataArray;
///
/// # #[cfg(feature = "zarr")] {
/// # let name = format!("pasha-zarr-stored-{}", std::process::id());
/// # let path = std::env::temp_dir().join(name);
/// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
/// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
/// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
/// let totals = pasha::map(frames.along("time")?, |_, _, frame| frame.data.sum())?;
/// assert_eq!(totals, ndarray::array![12, 12, 12, 12, 12]);
/// # std::fs::remove_dir_all(path).unwrap();
/// # }
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct StoredArray<A, D> {
    file: Box<dyn StoredFile>,
    variable: String,
    dim: D,
    /// The shape of a chunk, as far as it is in chunks.
    chunk: Option<Vec<usize>>,
    labels: Labels,
    skipped: Vec<SkippedCoordinate>,
    decoding: Decoding<A>,
}

/// What opening a variable finds out about it.
pub(super) struct OpenedVariable {
    pub(super) file: Box<dyn StoredFile>,
    pub(super) variable: String,
    pub(super) shape: Vec<usize>,
    pub(super) chunk: Option<Vec<usize>>,
    pub(super) element: ElementType,
    pub(super) packing: Packing,
    /// With the coordinates.
    pub(super) labels: Labels,
    pub(super) skipped: Vec<SkippedCoordinate>,
}

impl<A: StoredElement, D: Dimension> StoredArray<A, D> {
    /// Checks what was found against what was asked for.
    pub(super) fn new(found: OpenedVariable) -> Result<Self> {
        let OpenedVariable { file, variable, shape, chunk, element, packing, labels, skipped } =
            found;
        let path = file.path().to_owned();
        let refused = |reason| refusal(&path, &variable, reason);
        let decoding = Decoding::new(element, &packing).map_err(refused)?;
        let mut dim = D::zeros(D::NDIM.unwrap_or(shape.len()));
        if dim.ndim() != shape.len() {
            return Err(refused(format!(
                "it has {} dimensions ({}), but {} were asked for; open it as \
                 DataArray::<{element}, Ix{}>",
                shape.len(),
                labels.dims.join(", "),
                dim.ndim(),
                shape.len(),
            )));
        }
        dim.slice_mut().copy_from_slice(&shape);
        crate::array::bytes_of_shape::<A>(&shape).map_err(|error| refused(error.to_string()))?;
        // An axis of no length has chunks all the same.
        let chunk = chunk.map(|chunk| chunk.into_iter().map(|len| len.max(1)).collect());
        Ok(StoredArray { file, variable, dim, chunk, labels, skipped, decoding })
    }

    /// Reads the whole array into memory.
    ///
    /// # Errors
    /// [`Error::Variable`] if it can't be read.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-load-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// let dark = frames.load()?; // all of it, in memory
    /// assert_eq!((dark.view().sum(), dark.dims().len()), (60, 3));
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn load(&self) -> Result<DataArray<A, D>> {
        let failed = |source: SourceError| self.refusal(source.to_string());
        let shape = self.shape();
        let len = shape.iter().product();
        let mut values = zeroed(len).map_err(|reason| failed(reason.into()))?;
        if len > 0 {
            let mut open = self.open().map_err(failed)?;
            let start = vec![0; shape.len()];
            let block = VariableBlock { start: &start, shape };
            self.decoding
                .read(&mut values, &mut Vec::new(), block, |bytes| open.read(&start, shape, bytes))
                .map_err(failed)?;
        }
        let array = Array::from_shape_vec(self.dim.clone(), values)
            .map_err(|error| failed(error.into()))?;
        Ok(DataArray::new(array, self.labels.dims.clone())?.with_labels(self.labels.clone()))
    }
}

impl<A, D> StoredArray<A, D> {
    /// Its name, dimensions, coordinates and attributes.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-labels-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// assert_eq!(frames.labels().dims(), ["time", "y", "x"]);
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The coordinates of the file that were left out, with the reasons: those of a type that is
    /// neither numbers, times, texts nor truth values, those that are damaged, and names in the
    /// attribute `coordinates` that nothing in the file has.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-skipped-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// for skipped in frames.skipped_coordinates() {
    ///     eprintln!("{}: {}", skipped.name, skipped.reason);
    /// }
    /// assert!(frames.skipped_coordinates().is_empty());
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn skipped_coordinates(&self) -> &[SkippedCoordinate] {
        &self.skipped
    }

    /// The absolute path of the file or folder: it stays the same when the program changes its
    /// working directory.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-path-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// assert_eq!(frames.path(), path);
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The variable's name in the file.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-variable-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// assert_eq!(frames.variable(), "counts");
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// The shape of the chunks in which it lies, one length per dimension; `None` if it lies in one
    /// piece.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-chunk-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// assert_eq!(frames.chunk_shape(), Some(&[5, 4, 3][..]));
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn chunk_shape(&self) -> Option<&[usize]> {
        self.chunk.as_deref()
    }

    pub(super) fn decoding(&self) -> &Decoding<A> {
        &self.decoding
    }

    pub(super) fn open(&self) -> Result<Box<dyn OpenVariable + '_>, SourceError> {
        self.file.open()
    }

    fn refusal(&self, reason: String) -> Error {
        refusal(self.file.path(), &self.variable, reason)
    }
}

impl<A, D: Dimension> StoredArray<A, D> {
    /// The shape of the array, one length per dimension.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-shape-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// assert_eq!(frames.shape(), [5, 4, 3]); // (time, y, x)
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn shape(&self) -> &[usize] {
        self.dim.slice()
    }

    /// An array of this rank without elements.
    pub(super) fn no_elements(&self) -> Array<A, D>
    where
        A: StoredElement,
    {
        Array::from_elem(D::zeros(self.dim.ndim()), A::zeroed())
    }

    pub(super) fn raw_dim(&self) -> &D {
        &self.dim
    }
}

/// The path as it is found from any working directory: workers and maps open the file later.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    let failed = |source| Error::File { action: "open", path: path.to_owned(), source };
    std::path::absolute(path).map_err(failed)
}

/// Why a variable can't be used.
pub(super) fn refusal(path: &Path, variable: &str, reason: String) -> Error {
    Error::Variable(VariableError {
        path: PathBuf::from(path),
        variable: variable.to_owned(),
        reason,
    })
}

impl<A, D> Deref for StoredArray<A, D> {
    type Target = Labels;

    fn deref(&self) -> &Labels {
        &self.labels
    }
}

impl<A, D: Dimension> fmt::Debug for StoredArray<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredArray")
            .field("path", &self.file.path())
            .field("variable", &self.variable)
            .field("element", &std::any::type_name::<A>())
            .field("shape", &self.dim.slice())
            .field("chunk", &self.chunk)
            .field("labels", &self.labels)
            .finish()
    }
}
