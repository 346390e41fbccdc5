//! What a kernel gets for one index along a named dimension.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{ArrayView, Axis, Dimension};

use super::coordinate::Coordinate;
use super::labels::Labels;
use super::values::CoordinateValue;
use crate::error::Result;
use crate::param::{ItemShape, KernelItem, Param};

/// One entry of a labelled array along a dimension: its coordinate, and the labelled rest.
///
/// It is the type of a kernel's parameter: `frame: Labelled<'_, u16, Ix2>`, with the element type
/// and one dimension less than the array. A kernel that needs no labels takes an `ArrayView`.
///
/// # Examples
/// ```
/// use ndarray::{Array2, Ix1};
/// use pasha::{DataArray, Labelled};
///
/// /// The sum of a line, where the coordinate is inside of the beam.
/// #[pasha::kernel]
/// fn inside(line: Labelled<'_, f64, Ix1>, #[shared] border: f64) -> f64 {
///     assert_eq!(line.dims(), ["y"]);
///     if line.coord_f64().abs() < border { line.data.sum() } else { 0.0 }
/// }
///
/// let image = DataArray::new(Array2::ones((2, 3)), ["y", "x"])?;
/// let image = image.with_coord("x", [-1.0, 0.0, 1.0])?;
/// assert_eq!(inside::run_serial(image.along("x")?, 0.5)?, ndarray::array![0.0, 2.0, 0.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct Labelled<'r, A, D> {
    /// The position along the mapped dimension, also where chosen indices of it are mapped over
    /// ([`select`](crate::select)).
    pub index: usize,
    /// The mapped dimension's coordinate here; `None` if it has none.
    pub coord: Option<CoordinateValue<'r>>,
    /// The elements here, with the other dimensions in their order.
    pub data: ArrayView<'r, A, D>,
    pub(super) mapped: &'r Mapped<'r>,
}

/// Of the view and the labels; no elements are copied.
impl<A, D: Clone> Clone for Labelled<'_, A, D> {
    fn clone(&self) -> Self {
        Labelled { data: self.data.clone(), ..*self }
    }
}

impl<'r, A, D> Labelled<'r, A, D> {
    /// The names of the remaining dimensions, in the order of the axes of `data`.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, Ix2};
    /// use pasha::{DataArray, Labelled};
    ///
    /// /// Whether the frames lie as they should.
    /// #[pasha::kernel]
    /// fn is_upright(frame: Labelled<'_, u16, Ix2>) -> bool { frame.dims() == ["y", "x"] }
    ///
    /// let frames = DataArray::new(Array3::<u16>::ones((4, 3, 5)), ["y", "time", "x"])?;
    /// assert_eq!(is_upright::run_serial(frames.along("time")?)?, ndarray::arr1(&[true; 3]));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn dims(&self) -> &'r [String] {
        &self.mapped.rest
    }

    /// The name of the dimension that is mapped along.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array2, Ix1};
    /// use pasha::{DataArray, Labelled};
    ///
    /// /// Whether items follow one another in time.
    /// #[pasha::kernel]
    /// fn is_in_time(spectrum: Labelled<'_, u16, Ix1>) -> bool { spectrum.dim() == "time" }
    ///
    /// let spectra = DataArray::new(Array2::<u16>::ones((2, 5)), ["time", "energy"])?;
    /// assert_eq!(is_in_time::run_serial(spectra.along("time")?)?, ndarray::array![true, true]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn dim(&self) -> &'r str {
        &self.mapped.labels.dims[self.mapped.axis.index()]
    }

    /// The mapped dimension's coordinate as a number: NaN for text and where there is none, the
    /// nanoseconds since 1970 for times.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array2, Ix1};
    /// use pasha::{DataArray, Labelled};
    ///
    /// /// The energy of a channel in keV.
    /// #[pasha::kernel]
    /// fn energy(line: Labelled<'_, u16, Ix1>) -> f64 { line.coord_f64() / 1000.0 }
    ///
    /// let spectra = DataArray::new(Array2::<u16>::ones((5, 2)), ["time", "energy"])?
    ///     .with_coord("energy", [7000.0, 7500.0])?;
    /// assert_eq!(energy::run_serial(spectra.along("energy")?)?, ndarray::array![7.0, 7.5]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn coord_f64(&self) -> f64 {
        self.coord.map_or(f64::NAN, CoordinateValue::to_f64)
    }

    /// The value here of any coordinate that lies along the mapped dimension alone, and of scalars.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array2, Ix1};
    /// use pasha::labelled::Coordinate;
    /// use pasha::{DataArray, Labelled};
    ///
    /// /// The spectrum's sum for each unit of the beam's intensity.
    /// #[pasha::kernel]
    /// fn normed(spectrum: Labelled<'_, f64, Ix1>) -> f64 {
    ///     let intensity = spectrum.coord_of("intensity").map_or(f64::NAN, |value| value.to_f64());
    ///     spectrum.data.sum() / intensity
    /// }
    ///
    /// let spectra = DataArray::new(Array2::<f64>::ones((2, 8)), ["time", "energy"])?
    ///     .with_coordinate("intensity", Coordinate::new("time", [2.0, 4.0]))?;
    /// assert_eq!(normed::run_serial(spectra.along("time")?)?, ndarray::array![4.0, 2.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn coord_of(&self, name: &str) -> Option<CoordinateValue<'r>> {
        let coordinate = self.mapped.labels.coords.get(name)?;
        match &coordinate.dims[..] {
            [] => coordinate.get(0),
            [dim] if dim == self.dim() => coordinate.get(self.index),
            _ => None,
        }
    }

    /// The part of any coordinate that belongs to this item, along the item's dimensions: of a
    /// latitude along `(time, y, x)` that is mapped over along time, the `(y, x)` here. It is
    /// copied; what all items share is found among the [`labels`](Labelled::labels).
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array2, Array3, Ix2};
    /// use pasha::labelled::Coordinate;
    /// use pasha::{DataArray, Labelled};
    ///
    /// /// The latitude of the first pixel of an image, in degrees.
    /// #[pasha::kernel]
    /// fn first_latitude(image: Labelled<'_, f32, Ix2>) -> f64 {
    ///     let latitude = image.coordinate("lat").expect("all images have it");
    ///     latitude.at(&[0, 0]).map_or(f64::NAN, |value| value.to_f64())
    /// }
    ///
    /// let latitude = Array2::from_elem((4, 5), 41.5); // (y, x)
    /// let images = DataArray::new(Array3::<f32>::zeros((2, 4, 5)), ["time", "y", "x"])?
    ///     .with_coordinate("lat", Coordinate::from_array(["y", "x"], latitude.view()))?;
    /// assert_eq!(first_latitude::run_serial(images.along("time")?)?, ndarray::array![41.5, 41.5]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn coordinate(&self, name: &str) -> Option<Coordinate> {
        self.mapped.labels.coords.get(name)?.select(self.dim(), self.index)
    }

    /// The labels of the whole array: its name, attributes and all coordinates.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array2, Ix1};
    /// use pasha::{DataArray, Labelled};
    ///
    /// /// Whether the numbers are counts.
    /// #[pasha::kernel]
    /// fn are_counts(spectrum: Labelled<'_, u16, Ix1>) -> bool {
    ///     let units = spectrum.labels().attrs().get("units");
    ///     units.is_some_and(|units| units.as_text() == Some("counts"))
    /// }
    ///
    /// let spectra = DataArray::new(Array2::<u16>::ones((2, 8)), ["time", "energy"])?
    ///     .with_attr("units", "counts");
    /// assert_eq!(are_counts::run_serial(spectra.along("time")?)?, ndarray::array![true, true]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn labels(&self) -> &'r Labels {
        self.mapped.labels
    }
}

impl<A: fmt::Debug, D: Dimension> fmt::Debug for Labelled<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labelled")
            .field("index", &self.index)
            .field("coord", &self.coord)
            .field("dims", &self.dims())
            .field("data", &self.data)
            .finish()
    }
}

/// The item is a [`Labelled`] sub-view of an array.
pub struct LabelledView<A, D>(PhantomData<fn() -> (A, D)>);

impl<A, D> fmt::Debug for LabelledView<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LabelledView")
    }
}

impl<A: 'static, D: Dimension + 'static> Param for LabelledView<A, D> {
    type Item<'r> = Labelled<'r, A, D>;
    type Shape = ItemShape<D>;
    const ELEMENT_BYTES: usize = size_of::<A>();

    fn axes_of(shape: &ItemShape<D>) -> Option<&[usize]> {
        Some(shape.shape())
    }
}

impl<A: 'static, D: Dimension + 'static> KernelItem for Labelled<'_, A, D> {
    type Param = LabelledView<A, D>;
}

/// What all items of one map along a dimension share.
#[derive(Clone)]
pub(super) struct Mapped<'a> {
    pub(super) labels: &'a Labels,
    pub(super) axis: Axis,
    /// The names of the other dimensions.
    rest: Vec<String>,
    coordinate: Option<&'a Coordinate>,
}

impl<'a> Mapped<'a> {
    pub(super) fn new(labels: &'a Labels, dim: &str) -> Result<Self> {
        let axis = labels.axis(dim)?;
        let rest = labels.dims.iter().filter(|name| *name != dim).cloned().collect();
        let coordinate = labels.coords.get(dim).filter(|coordinate| coordinate.is_along(dim));
        Ok(Mapped { labels, axis, rest, coordinate })
    }

    /// The name of the dimension.
    pub(super) fn dim(&self) -> &str {
        &self.labels.dims[self.axis.index()]
    }

    /// The item at an index, whose elements are these.
    #[inline]
    pub(super) fn item<'r, A, D>(
        &'r self,
        index: usize,
        data: ArrayView<'r, A, D>,
    ) -> Labelled<'r, A, D> {
        let coord = self.coordinate.and_then(|coordinate| coordinate.get(index));
        Labelled { index, coord, data, mapped: self }
    }
}
