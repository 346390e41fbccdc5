//! Data sets of which it is not known beforehand what they hold.

use std::marker::PhantomData;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Dimension, IxDyn};
use num_complex::Complex;

use super::dataset::Hdf5Dataset;
use super::element::Hdf5Element;
use super::stored::Stored;
use crate::error::Result;

/// A data set of numbers or bools, whatever its elements and axes are.
pub(crate) struct AnyDataset(Stored);

impl AnyDataset {
    /// Opens and checks a data set.
    ///
    /// # Errors
    /// As [`Hdf5Dataset::open`].
    pub(crate) fn open(path: &Path, name: &str) -> Result<AnyDataset> {
        // All numbers but complex ones are converted to the first.
        Stored::open_soundly::<f64>(path, name)
            .or_else(|error| {
                Stored::open_soundly::<Complex<f64>>(path, name).map_err(|_: crate::Error| error)
            })
            .map(AnyDataset)
    }

    /// The shape, one length per axis.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// The name in Rust of the type that its elements have without a conversion.
    pub(crate) fn element(&self) -> &'static str {
        self.0.kind.number.name()
    }

    /// The data set with elements `A`, if they need no conversion, and as many axes as `D` has.
    pub(crate) fn of<A: Hdf5Element, D: Dimension>(self) -> Option<Hdf5Dataset<A, D>> {
        let dim = D::from_dimension(&IxDyn(&self.0.shape))?;
        (self.0.kind.number == A::NUMBER).then(|| Hdf5Dataset {
            stored: Arc::new(self.0),
            dim,
            axis: 0,
            selected: (Bound::Unbounded, Bound::Unbounded),
            element: PhantomData,
        })
    }
}
