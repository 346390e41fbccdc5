//! Allocation after an example: with the shape, the element type and the memory order of an array.

use std::marker::PhantomData;
use std::path::PathBuf;

use ndarray::{Dimension, IntoDimension, LayoutRef};

use super::{AllocBuilder, Owner, PerWorker};
use crate::array::{Order, SharedArray};
use crate::context::Context;
use crate::element::Element;
use crate::error::Result;
use crate::npy::NpyElement;

/// Allocation of arrays by an example; implemented by every context.
///
/// # Examples
/// ```
/// use pasha::prelude::*;
///
/// let spectra = ndarray::Array2::<u16>::ones((10, 512)); // (n, channel)
/// let like = ThreadContext::new(2)?.alloc_like(&spectra).build()?;
/// assert_eq!(like, ndarray::Array2::<u16>::zeros((10, 512)));
/// # Ok::<(), pasha::Error>(())
/// ```
pub trait AllocateLike: Context {
    /// Begins the allocation of an array of zeros with the shape, the element type and the memory
    /// order of another, as far as nothing else is said.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let frames = ndarray::Array3::<u16>::zeros((2, 3, 4));
    /// let like = ThreadContext::new(2)?.alloc_like(&frames).element::<f32>().build()?;
    /// assert_eq!(like.shape(), [2, 3, 4]);
    /// let _: &SharedArray<f32, ndarray::Ix3> = &like;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn alloc_like<A, D: Dimension>(&self, model: &impl AsLayout<A, D>) -> AllocLikeBuilder<A, D> {
        let model = model.layout();
        let dim = model.raw_dim();
        let lies_in = |order| {
            let strides = crate::array::strides_for(&dim, order);
            let mut axes = model.strides().iter().zip(strides.slice()).zip(dim.slice());
            axes.all(|((&given, &needed), &len)| len <= 1 || given == needed as isize)
        };
        let order = if !lies_in(Order::C) && lies_in(Order::F) { Order::F } else { Order::C };
        AllocLikeBuilder { owner: Owner::of(self), dim, order, element: PhantomData }
    }
}

impl<C: Context + ?Sized> AllocateLike for C {}

/// Something whose shape and memory order an allocation can take over: an array or a view.
#[doc(hidden)]
pub trait AsLayout<A, D> {
    /// Its layout.
    fn layout(&self) -> &LayoutRef<A, D>;
}

impl<S: ndarray::RawData, D> AsLayout<S::Elem, D> for ndarray::ArrayBase<S, D> {
    fn layout(&self) -> &LayoutRef<S::Elem, D> {
        self.as_ref()
    }
}

impl<A, D: Dimension> AsLayout<A, D> for SharedArray<A, D> {
    fn layout(&self) -> &LayoutRef<A, D> {
        let array: &ndarray::ArrayRef<A, D> = self;
        array.as_ref()
    }
}

/// An allocation after an example, of which shape and element type may still change.
///
/// # Examples
/// ```
/// use pasha::prelude::*;
///
/// let frames = ndarray::Array3::<u16>::ones((10, 4, 5)); // (n, y, x), in counts
/// let context = ThreadContext::new(2)?;
/// let corrected = context.alloc_like(&frames).element::<f32>().fill(f32::NAN).build()?;
/// assert_eq!(corrected.shape(), [10, 4, 5]);
/// assert!(corrected[[9, 3, 4]].is_nan());
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AllocLikeBuilder<A, D> {
    owner: Owner,
    dim: D,
    order: Order,
    element: PhantomData<fn() -> A>,
}

impl<A, D: Dimension> AllocLikeBuilder<A, D> {
    /// Takes another element type than the example's.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let frames = ndarray::Array3::<u16>::ones((10, 4, 5));
    /// let out: SharedArray<f64, _> =
    ///     ThreadContext::new(2)?.alloc_like(&frames).element::<f64>().build()?;
    /// assert_eq!(out.shape(), [10, 4, 5]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn element<B>(self) -> AllocLikeBuilder<B, D> {
        let AllocLikeBuilder { owner, dim, order, .. } = self;
        AllocLikeBuilder { owner, dim, order, element: PhantomData }
    }

    /// Takes another shape than the example's.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let frames = ndarray::Array3::<u16>::ones((10, 4, 5));
    /// let profiles = ThreadContext::new(2)?.alloc_like(&frames).shape((10, 16)).build()?;
    /// assert_eq!(profiles, ndarray::Array2::<u16>::zeros((10, 16)));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn shape<S: IntoDimension>(self, shape: S) -> AllocLikeBuilder<A, S::Dim> {
        let AllocLikeBuilder { owner, order, .. } = self;
        let dim = shape.into_dimension();
        AllocLikeBuilder { owner, dim, order, element: PhantomData }
    }
}

impl<A: Element, D: Dimension> AllocLikeBuilder<A, D> {
    fn decided(self) -> AllocBuilder<A, D> {
        AllocBuilder::new(self.owner, self.dim, self.order)
    }

    /// Takes another memory order than the example's.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let frames = ndarray::Array2::<u16>::ones((10, 4));
    /// let out = ThreadContext::new(2)?.alloc_like(&frames).order(Order::F).build()?;
    /// assert_eq!(out.strides(), [1, 10]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn order(self, order: Order) -> AllocBuilder<A, D> {
        self.decided().order(order)
    }

    /// Sets all elements.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let frames = ndarray::Array2::<u16>::ones((10, 4));
    /// let out = ThreadContext::new(2)?.alloc_like(&frames).fill(7).build()?;
    /// assert_eq!(out, ndarray::Array2::<u16>::from_elem((10, 4), 7));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn fill(self, value: A) -> AllocBuilder<A, D> {
        self.decided().fill(value)
    }

    /// Adds an axis for the workers; see [`AllocBuilder::per_worker`].
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let dark = ndarray::Array2::<f64>::zeros((64, 128)); // (y, x)
    /// let sums = ThreadContext::new(3)?.alloc_like(&dark).per_worker().build()?;
    /// assert_eq!(sums.shape(), [3, 64, 128]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn per_worker(self) -> AllocBuilder<A, D, PerWorker> {
        self.decided().per_worker()
    }

    /// Puts the array into a file; see [`AllocBuilder::file`].
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-like-{}.npy", std::process::id()));
    /// let frames = ndarray::Array3::<u16>::ones((10, 4, 5));
    /// let corrected =
    ///     ProcessContext::new(2)?.alloc_like(&frames).element::<f32>().file(&path).build()?;
    /// assert!(corrected.is_file_backed());
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn file(self, path: impl Into<PathBuf>) -> AllocBuilder<A, D>
    where
        A: NpyElement,
    {
        self.decided().file(path)
    }

    /// Allocates the array.
    ///
    /// # Errors
    /// As [`AllocBuilder::build`].
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let frames = ndarray::Array3::<u16>::ones((10, 4, 5));
    /// let out = ThreadContext::new(2)?.alloc_like(&frames).build()?;
    /// assert_eq!(out.sum(), 0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn build(self) -> Result<SharedArray<A, D>> {
        self.decided().build()
    }
}
