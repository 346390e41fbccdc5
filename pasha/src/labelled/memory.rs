//! The labelled array in memory.

use std::fmt;
use std::ops::Deref;

use ndarray::{Array, ArrayView, ArrayViewMut, Dimension, RemoveAxis};

use super::along::Along;
use super::attribute::Attribute;
use super::coordinate::Coordinate;
use super::labels::Labels;
use super::values::Values;
use crate::array::SharedArray;
use crate::error::Result;
use crate::functor::axis::AsView;

/// An array of elements `A` whose dimensions have names, coordinates and attributes.
///
/// It is mapped over [along](DataArray::along) a named dimension, wherever that lies. Files are
/// opened with `DataArray::from_netcdf` and `DataArray::from_zarr` (features `netcdf` and `zarr`),
/// which read nothing but the labels; `to_netcdf` and `to_zarr` write what xarray opens. Names,
/// coordinates and attributes are found on [`Labels`], to which it derefs.
///
/// # Examples
/// ```
/// use ndarray::{Array3, Ix2};
/// use pasha::{DataArray, Labelled};
///
/// /// The time of a frame, and the sum of its counts.
/// #[pasha::kernel]
/// fn total(frame: Labelled<'_, u16, Ix2>) -> [f64; 2] {
///     let counts: f64 = frame.data.iter().map(|&count| f64::from(count)).sum();
///     [frame.coord_f64(), counts]
/// }
///
/// // Time is the last axis here: the sub-views are (y, x) all the same.
/// let frames = DataArray::new(Array3::<u16>::ones((4, 5, 3)), ["y", "x", "time"])?
///     .with_coord("time", [0.5, 1.5, 2.5])?
///     .with_attr("units", "counts");
/// let totals = total::run_parallel(frames.along("time")?)?;
/// assert_eq!(totals, ndarray::array![[0.5, 20.0], [1.5, 20.0], [2.5, 20.0]]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct DataArray<A: 'static, D: Dimension> {
    elements: Elements<A, D>,
    labels: Labels,
}

/// Where the elements lie: outputs of a map are not copied.
enum Elements<A: 'static, D: Dimension> {
    Own(Array<A, D>),
    Shared(SharedArray<A, D>),
}

impl<A: 'static, D: Dimension> DataArray<A, D> {
    /// Names the dimensions of an array, which is taken without a copy.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if there are more or fewer names than axes, or
    /// one twice.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Array3;
    /// use pasha::DataArray;
    ///
    /// let frames = DataArray::new(Array3::<u16>::zeros((10, 64, 128)), ["time", "y", "x"])?;
    /// assert_eq!(frames.dims(), ["time", "y", "x"]);
    /// assert!(DataArray::new(Array3::<u16>::zeros((10, 64, 128)), ["time", "y"]).is_err());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn new<N: Into<String>>(
        array: Array<A, D>,
        dims: impl IntoIterator<Item = N>,
    ) -> Result<Self> {
        Self::with_dims(Elements::Own(array), dims.into_iter().map(Into::into).collect())
    }

    /// Names the dimensions of what a map returned, which is taken without a copy.
    ///
    /// # Errors
    /// As [`new`](DataArray::new).
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let totals = pasha::map(0..4_u64, |_, _, frame| 100 * frame)?;
    /// let totals = DataArray::from_shared(totals, ["time"])?;
    /// assert_eq!(totals.dims(), ["time"]);
    /// assert_eq!(totals.view()[3], 300);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn from_shared<N: Into<String>>(
        array: SharedArray<A, D>,
        dims: impl IntoIterator<Item = N>,
    ) -> Result<Self> {
        Self::with_dims(Elements::Shared(array), dims.into_iter().map(Into::into).collect())
    }

    fn with_dims(elements: Elements<A, D>, dims: Vec<String>) -> Result<Self> {
        let mut array = DataArray { elements, labels: Labels::default() };
        let ndim = array.view().ndim();
        array.labels.name_dims(dims, ndim)?;
        Ok(array)
    }

    /// Gives the values along the dimension `dim`.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if there is no such dimension, or it has
    /// another length.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let totals = DataArray::new(ndarray::array![10.0, 20.0], ["time"])?;
    /// assert!(totals.with_coord("time", [0.0, 0.1, 0.2]).is_err()); // two values, three times
    ///
    /// let totals = DataArray::new(ndarray::array![10.0, 20.0], ["time"])?;
    /// let totals = totals.with_coord("time", [0.0, 0.1])?;
    /// assert_eq!(totals.coords()["time"].get(1).unwrap().to_f64(), 0.1);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn with_coord(self, dim: &str, values: impl Into<Values>) -> Result<Self> {
        self.with_coordinate(dim, Coordinate::new(dim, values))
    }

    /// Adds a coordinate of any name and with attributes of its own.
    ///
    /// # Errors
    /// As [`with_coord`](DataArray::with_coord), and if it has the name of one dimension and lies
    /// along others.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    /// use pasha::labelled::Coordinate;
    ///
    /// let array = DataArray::new(ndarray::array![1.0, 2.0], ["time"])?
    ///     .with_coordinate("time", Coordinate::new("time", [0.5, 1.5]).with_attr("units", "s"))?
    ///     .with_coordinate("shot", Coordinate::new("time", [17, 18]))?;
    /// assert_eq!(array.coords().len(), 2);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn with_coordinate(
        mut self,
        name: impl Into<String>,
        coordinate: Coordinate,
    ) -> Result<Self> {
        let shape = self.view().shape().to_vec();
        self.labels.add_coord(name.into(), coordinate, &shape)?;
        Ok(self)
    }

    /// Adds an attribute.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    /// use pasha::labelled::Attribute;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?
    ///     .with_attr("units", "counts")
    ///     .with_attr("exposure", 0.5);
    /// assert_eq!(spectrum.attrs()["units"].as_text(), Some("counts"));
    /// assert_eq!(spectrum.attrs()["exposure"], Attribute::Float(0.5));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    #[must_use]
    pub fn with_attr(mut self, name: impl Into<String>, value: impl Into<Attribute>) -> Self {
        self.labels.attrs.insert(name.into(), value.into());
        self
    }

    /// Gives it the name under which it is written to files.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?.with_name("counts");
    /// assert_eq!(spectrum.name(), Some("counts"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.labels.name = Some(name.into());
        self
    }

    /// Gives the dimension `old` the name `new`, and its coordinate with it.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if there is no `old`, or a `new` already: a
    /// dimension or a coordinate.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["channel"])?
    ///     .with_coord("channel", [7000.0, 7000.5])?
    ///     .rename("channel", "energy")?;
    /// assert_eq!(spectrum.dims(), ["energy"]);
    /// assert!(spectrum.coords().contains_key("energy"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn rename(mut self, old: &str, new: &str) -> Result<Self> {
        self.labels.rename(old, new)?;
        Ok(self)
    }

    /// Its name, dimensions, coordinates and attributes.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?.with_name("counts");
    /// let labels = spectrum.labels().clone(); // they live on without the elements
    /// drop(spectrum);
    /// assert_eq!((labels.name(), labels.dims().len()), (Some("counts"), 1));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Replaces all labels but the dimensions' names.
    #[cfg_attr(not(any(feature = "netcdf", feature = "zarr")), allow(dead_code))]
    pub(super) fn with_labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }

    /// A read-only view of the elements.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?;
    /// assert_eq!(spectrum.view().sum(), 30.0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn view(&self) -> ArrayView<'_, A, D> {
        match &self.elements {
            Elements::Own(array) => array.view(),
            Elements::Shared(array) => array.view(),
        }
    }

    /// A writable view of the elements.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let mut spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?;
    /// spectrum.view_mut().mapv_inplace(|counts| counts / 2.0);
    /// assert_eq!(spectrum.view(), ndarray::array![5.0, 10.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn view_mut(&mut self) -> ArrayViewMut<'_, A, D> {
        match &mut self.elements {
            Elements::Own(array) => array.view_mut(),
            Elements::Shared(array) => array.view_mut(),
        }
    }

    /// Maps over the array along a named dimension: the item is the sub-view at an index, with
    /// the other dimensions in their order, as [`Labelled`](super::Labelled) or plain
    /// `ArrayView`. Nothing is copied.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if there is no such dimension, with the nearest
    /// that there are.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, ArrayView2};
    /// use pasha::DataArray;
    ///
    /// /// The counts of a frame.
    /// #[pasha::kernel]
    /// fn total(frame: ArrayView2<u32>) -> u32 { frame.sum() }
    ///
    /// let frames = DataArray::new(Array3::<u32>::ones((4, 5, 3)), ["y", "x", "time"])?;
    /// assert_eq!(total::run_serial(frames.along("time")?)?, ndarray::array![20, 20, 20]);
    /// let error = frames.along("tme").unwrap_err();
    /// assert!(error.to_string().contains("\"time\""), "{error}");
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn along(&self, dim: &str) -> Result<Along<'_, A, D>>
    where
        D: RemoveAxis,
    {
        Along::new(self.view(), &self.labels, dim)
    }
}

impl<A: 'static, D: Dimension> Deref for DataArray<A, D> {
    type Target = Labels;

    fn deref(&self) -> &Labels {
        &self.labels
    }
}

impl<A: 'static, D: Dimension> AsView for DataArray<A, D> {
    type Elem = A;
    type Dim = D;

    fn as_view(&self) -> ArrayView<'_, A, D> {
        self.view()
    }
}

impl<A: 'static, D: Dimension> fmt::Debug for DataArray<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataArray")
            .field("shape", &self.view().shape())
            .field("labels", &self.labels)
            .finish()
    }
}
