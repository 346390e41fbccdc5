//! Outputs keep the labels of what was mapped over.

use ndarray::{Dimension, RemoveAxis};

use super::along::Along;
use super::coordinate::Coordinate;
use super::item::Mapped;
use super::memory::DataArray;
use crate::array::SharedArray;
use crate::error::{Error, Result};

/// What has been mapped over along a named dimension, and so knows the labels of the outputs.
///
/// It is implemented for what `along` returns, in memory and stored, and for chosen indices of it.
pub trait MappedAlong: sealed::Sealed {}

pub(super) mod sealed {
    use super::{Coordinate, Mapped};

    /// Gives what [`MappedAlong`](super::MappedAlong) is about.
    pub trait Sealed {
        /// The labels and the dimension mapped along; of several parts those of the first, if all
        /// have the same dimensions.
        #[doc(hidden)]
        #[allow(private_interfaces, reason = "nobody else can call it")]
        fn mapped(&self) -> Option<&Mapped<'_>>;

        /// The shape of all that is mapped over, one length per dimension.
        #[doc(hidden)]
        fn full_shape(&self) -> Vec<usize>;

        /// The coordinate of this name, of what is mapped over.
        #[doc(hidden)]
        fn coordinate(&self, name: &str) -> Option<Coordinate> {
            self.mapped()?.labels.coords.get(name).cloned()
        }
    }
}

impl<A, D: RemoveAxis> MappedAlong for Along<'_, A, D> {}
impl<A, D: RemoveAxis> sealed::Sealed for Along<'_, A, D> {
    #[allow(private_interfaces, reason = "nobody else can call it")]
    fn mapped(&self) -> Option<&Mapped<'_>> {
        Some(&self.mapped)
    }

    fn full_shape(&self) -> Vec<usize> {
        self.shape().to_vec()
    }
}

impl<S: MappedAlong> MappedAlong for &S {}
impl<S: MappedAlong> sealed::Sealed for &S {
    #[allow(private_interfaces, reason = "nobody else can call it")]
    fn mapped(&self) -> Option<&Mapped<'_>> {
        (**self).mapped()
    }

    fn full_shape(&self) -> Vec<usize> {
        (**self).full_shape()
    }

    fn coordinate(&self, name: &str) -> Option<Coordinate> {
        (**self).coordinate(name)
    }
}

impl<A: 'static, D: Dimension> SharedArray<A, D> {
    /// Labels an output with the dimension that was mapped along, and its coordinates.
    ///
    /// `source` is what was mapped over, such as `frames.along("time")?`, or chosen indices of it
    /// ([`select`](crate::select)), which have their coordinates. The output's first
    /// dimension is the one mapped along. Where the others have exactly the shape of an item (as
    /// with `#[output(like = frame)]`), they have its names and coordinates too; otherwise they are
    /// called `dim_1`, `dim_2`, …, without the names that the source has itself, which
    /// [`rename`](DataArray::rename) changes. Coordinates are
    /// kept as far as all their dimensions are those of the output: scalars always. Nothing of the
    /// output is copied.
    ///
    /// # Errors
    /// [`Error::Argument`] if the output does not have an entry for each index of `source`.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, ArrayView2};
    /// use pasha::DataArray;
    ///
    /// /// Sums the columns of a frame into 3 bins.
    /// #[pasha::kernel]
    /// fn profile(frame: ArrayView2<f64>) -> [f64; 3] {
    ///     std::array::from_fn(|bin| frame.column(bin).sum())
    /// }
    ///
    /// let frames = DataArray::new(Array3::<f64>::ones((2, 5, 3)), ["time", "y", "x"])?
    ///     .with_coord("time", ["before", "after"])?;
    /// let frames = frames.along("time")?;
    /// let sums = pasha::map(&frames, |_, _, frame| frame.data.sum())?.into_labelled(&frames)?;
    /// assert_eq!(sums.dims(), ["time"]);
    /// assert_eq!(sums.coords()["time"].get(1).unwrap().to_string(), "after");
    /// # let _ = profile::run_serial(&frames)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn into_labelled(self, source: &impl MappedAlong) -> Result<DataArray<A, D>> {
        let shape = self.shape().to_vec();
        let Some(mapped) = source.mapped() else {
            return Err(Error::Argument {
                argument: "the output".to_owned(),
                value: format!("of shape {shape:?}"),
                advice: "of the parts that were mapped over there is none, or they have different \
                         dimensions: label it with `DataArray::new`"
                    .to_owned(),
            });
        };
        let full_shape = source.full_shape();
        let axis = mapped.axis.index();
        if shape.first() != full_shape.get(axis) {
            return Err(Error::Argument {
                argument: "the output".to_owned(),
                value: format!("of shape {shape:?}"),
                advice: format!(
                    "its first dimension must be the {} indices of {:?} that were mapped over",
                    full_shape[axis], mapped.labels.dims[axis]
                ),
            });
        }
        let rest: Vec<usize> = (0..full_shape.len()).filter(|&place| place != axis).collect();
        let like_item = rest.iter().map(|&place| &full_shape[place]).eq(&shape[1..]);
        let first = mapped.labels.dims[axis].clone();
        let dims: Vec<String> = if like_item {
            let rest = rest.iter().map(|&place| mapped.labels.dims[place].clone());
            std::iter::once(first).chain(rest).collect()
        } else {
            // Another name than any that the source has, whose meaning is another.
            let is_taken = |name: &String| {
                mapped.labels.dims.contains(name) || mapped.labels.coords.contains_key(name)
            };
            let free = (1..).map(|number| format!("dim_{number}")).filter(|name| !is_taken(name));
            std::iter::once(first).chain(free).take(shape.len()).collect()
        };
        let mut labelled = DataArray::from_shared(self, dims)?;
        for (name, coordinate) in &mapped.labels.coords {
            if coordinate.dims().iter().all(|dim| labelled.dims().contains(dim))
                && let Some(coordinate) = source.coordinate(name)
            {
                labelled = labelled.with_coordinate(name.clone(), coordinate)?;
            }
        }
        Ok(labelled)
    }
}
