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
/// let image = DataArray::new(Array2::ones((2, 3)), ["y", "x"])?.with_coord("x", [-1.0, 0.0, 1.0])?;
/// assert_eq!(inside::run_serial(image.along("x")?, 0.5)?, ndarray::array![0.0, 2.0, 0.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct Labelled<'r, A, D> {
    /// The position along the mapped dimension.
    pub index: usize,
    /// The mapped dimension's coordinate here; `None` if it has none.
    pub coord: Option<CoordinateValue<'r>>,
    /// The elements here, with the other dimensions in their order.
    pub data: ArrayView<'r, A, D>,
    pub(super) mapped: &'r Mapped<'r>,
}

impl<'r, A, D> Labelled<'r, A, D> {
    /// The names of the remaining dimensions, in the order of the axes of `data`.
    pub fn dims(&self) -> &'r [String] {
        &self.mapped.rest
    }

    /// The name of the dimension that is mapped along.
    pub fn dim(&self) -> &'r str {
        &self.mapped.labels.dims[self.mapped.axis.index()]
    }

    /// The mapped dimension's coordinate as a number: NaN for text and where there is none, the
    /// nanoseconds since 1970 for times.
    pub fn coord_f64(&self) -> f64 {
        self.coord.map_or(f64::NAN, CoordinateValue::to_f64)
    }

    /// The value here of any coordinate that lies along the mapped dimension alone, and of scalars.
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
    pub fn coordinate(&self, name: &str) -> Option<Coordinate> {
        self.mapped.labels.coords.get(name)?.select(self.dim(), self.index)
    }

    /// The labels of the whole array: its name, attributes and all coordinates.
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
