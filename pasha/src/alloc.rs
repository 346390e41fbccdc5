//! Explicit allocation of arrays that the workers of a context can write.
//!
//! Kernels allocate their outputs themselves. Allocating by hand is for outputs that lie in a file,
//! for arrays of per-worker accumulators, and for inputs that should cost nothing to share.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use ndarray::{Axis, Dimension, IntoDimension, LayoutRef};
use ndarray_npy::{WritableElement, WriteNpyError, write_zeroed_npy};
use rustix::fs::FallocateFlags;

use crate::array::{Order, SharedArray, bytes_of_shape};
use crate::context::Context;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::{Mapping, Memory};

/// Allocation of arrays by their shape; implemented by every context.
///
/// The type parameter is that of the shape; it is found by itself.
pub trait Allocate<S: IntoDimension>: Context {
    /// Begins the allocation of an array of this shape, of zeros in C order if nothing else is said.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let context = ProcessContext::new(3)?;
    /// let array = context.alloc::<f64>((3, 2)).order(Order::F).fill(42.0).build()?;
    /// assert_eq!(array, ndarray::Array2::from_elem((3, 2), 42.0));
    ///
    /// let histograms = context.alloc::<u64>((512,)).per_worker().build()?;
    /// assert_eq!(histograms.shape(), [3, 512]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn alloc<A: Element>(&self, shape: S) -> AllocBuilder<A, S::Dim> {
        AllocBuilder::new(self.memory(), self.num_workers(), shape.into_dimension(), Order::C)
    }
}

impl<C: Context + ?Sized, S: IntoDimension> Allocate<S> for C {}

/// Allocation of arrays by an example; implemented by every context.
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
        AllocLikeBuilder {
            memory: self.memory(),
            num_workers: self.num_workers(),
            dim,
            order,
            element: PhantomData,
        }
    }
}

impl<C: Context + ?Sized> AllocateLike for C {}

/// Something whose shape and memory order an allocation can take over: an array or a view.
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
#[derive(Debug, Clone)]
pub struct AllocLikeBuilder<A, D> {
    memory: Memory,
    num_workers: usize,
    dim: D,
    order: Order,
    element: PhantomData<fn() -> A>,
}

impl<A, D: Dimension> AllocLikeBuilder<A, D> {
    /// Takes another element type than the example's.
    pub fn element<B>(self) -> AllocLikeBuilder<B, D> {
        let AllocLikeBuilder { memory, num_workers, dim, order, .. } = self;
        AllocLikeBuilder { memory, num_workers, dim, order, element: PhantomData }
    }

    /// Takes another shape than the example's.
    pub fn shape<S: IntoDimension>(self, shape: S) -> AllocLikeBuilder<A, S::Dim> {
        let AllocLikeBuilder { memory, num_workers, order, .. } = self;
        let dim = shape.into_dimension();
        AllocLikeBuilder { memory, num_workers, dim, order, element: PhantomData }
    }
}

impl<A: Element, D: Dimension> AllocLikeBuilder<A, D> {
    fn decided(self) -> AllocBuilder<A, D> {
        AllocBuilder::new(self.memory, self.num_workers, self.dim, self.order)
    }

    /// Takes another memory order than the example's.
    pub fn order(self, order: Order) -> AllocBuilder<A, D> {
        self.decided().order(order)
    }

    /// Sets all elements.
    pub fn fill(self, value: A) -> AllocBuilder<A, D> {
        self.decided().fill(value)
    }

    /// Adds an axis for the workers; see [`AllocBuilder::per_worker`].
    pub fn per_worker(self) -> AllocBuilder<A, D, PerWorker> {
        self.decided().per_worker()
    }

    /// Puts the array into a file; see [`AllocBuilder::file`].
    pub fn file(self, path: impl Into<PathBuf>) -> AllocBuilder<A, D>
    where
        A: WritableElement,
    {
        self.decided().file(path)
    }

    /// Allocates the array.
    ///
    /// # Errors
    /// As [`AllocBuilder::build`].
    pub fn build(self) -> Result<SharedArray<A, D>> {
        self.decided().build()
    }
}

/// One array for all workers.
#[derive(Debug, Clone, Copy)]
pub struct ForAll;

/// One array for each worker, along an axis of its own.
#[derive(Debug, Clone, Copy)]
pub struct PerWorker;

/// Writes the header of a `.npy` file, and makes the file as long as it must be.
type WriteHeader = fn(&File, &[usize]) -> Result<(), WriteNpyError>;

/// An allocation that is being described.
#[must_use = "nothing is allocated before `build`"]
#[derive(Debug, Clone)]
pub struct AllocBuilder<A, D, W = ForAll> {
    memory: Memory,
    num_workers: usize,
    dim: D,
    order: Order,
    fill: Option<A>,
    file: Option<(PathBuf, WriteHeader)>,
    workers: PhantomData<W>,
}

impl<A: Element, D: Dimension> AllocBuilder<A, D> {
    fn new(memory: Memory, num_workers: usize, dim: D, order: Order) -> Self {
        AllocBuilder {
            memory,
            num_workers,
            dim,
            order,
            fill: None,
            file: None,
            workers: PhantomData,
        }
    }

    /// Adds an axis as long as the context has workers, so that each has an array of its own:
    /// in front in C order, `(num_workers, …)`, and last in Fortran order, `(…, num_workers)`.
    pub fn per_worker(self) -> AllocBuilder<A, D, PerWorker> {
        let AllocBuilder { memory, num_workers, dim, order, fill, file, .. } = self;
        AllocBuilder { memory, num_workers, dim, order, fill, file, workers: PhantomData }
    }

    /// Allocates the array.
    ///
    /// # Errors
    /// [`Error::ShapeOverflow`], [`Error::Alloc`] if the memory can't be had, and for one in a
    /// file [`Error::File`] if it can't be created, or its space not be reserved.
    pub fn build(self) -> Result<SharedArray<A, D>> {
        let dim = self.dim.clone();
        build(self, dim)
    }
}

impl<A: Element, D: Dimension> AllocBuilder<A, D, PerWorker> {
    /// Allocates the array, with the axis of the workers.
    ///
    /// # Errors
    /// As [`AllocBuilder::build`] of one for all workers.
    pub fn build(self) -> Result<SharedArray<A, D::Larger>> {
        let axis = match self.order {
            Order::C => Axis(0),
            Order::F => Axis(self.dim.ndim()),
        };
        let mut dim = self.dim.insert_axis(axis);
        dim[axis.index()] = self.num_workers;
        build(self, dim)
    }
}

impl<A: Element, D: Dimension, W> AllocBuilder<A, D, W> {
    /// Chooses the memory order.
    pub fn order(self, order: Order) -> Self {
        AllocBuilder { order, ..self }
    }

    /// Sets all elements; without it they are zero.
    pub fn fill(self, value: A) -> Self {
        AllocBuilder { fill: Some(value), ..self }
    }

    /// Puts the array into a new `.npy` file, replacing one that is there.
    ///
    /// The array is the file: what workers write is in it, for other programs to open with
    /// NumPy, and it may be larger than the memory. Its space on the disk is reserved at once.
    ///
    /// While the array lives, nobody may shorten the file.
    pub fn file(self, path: impl Into<PathBuf>) -> Self
    where
        A: WritableElement,
    {
        let write: WriteHeader = |file, shape| write_zeroed_npy::<A, _>(file, shape);
        AllocBuilder { file: Some((path.into(), write)), ..self }
    }
}

/// Allocates an array of this dimension.
fn build<A: Element, D: Dimension, W, E: Dimension>(
    builder: AllocBuilder<A, D, W>,
    dim: E,
) -> Result<SharedArray<A, E>> {
    let bytes = bytes_of_shape::<A>(dim.slice())?;
    let mapping = match &builder.file {
        None => Mapping::anonymous(bytes, builder.memory)?,
        Some((path, write)) => map_new_file(path, *write, &dim, builder.order, bytes)?,
    };
    let mut array = SharedArray::over(mapping, dim, builder.order);
    if let Some(value) = builder.fill {
        array.fill_fresh(value);
    }
    Ok(array)
}

/// Creates a `.npy` file of zeros, reserves its space and maps its elements.
fn map_new_file<D: Dimension>(
    path: &Path,
    write: WriteHeader,
    dim: &D,
    order: Order,
    bytes: usize,
) -> Result<Mapping> {
    let failed =
        |action| move |source: io::Error| Error::File { action, path: path.to_owned(), source };
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(failed("create"))?;
    write(&file, dim.slice()).map_err(|error| {
        failed("write the header of")(match error {
            WriteNpyError::Io(error) => error,
            other => io::Error::other(other.to_string()),
        })
    })?;
    let offset = file.stream_position().map_err(failed("size"))? as usize;
    if order == Order::F {
        declare_fortran_order(&mut file, offset).map_err(failed("write the header of"))?;
    }
    reserve(&mut file, offset, bytes).map_err(failed("reserve space on the disk for"))?;
    Mapping::file(&file, path, offset, bytes)
}

/// Sets the `fortran_order` flag in the header of a `.npy` file, which is Python text of fixed
/// length (NumPy's format specification, NEP 1).
fn declare_fortran_order(file: &mut File, header_len: usize) -> io::Result<()> {
    const NO: &[u8] = b"'fortran_order': False";
    const YES: &[u8] = b"'fortran_order': True ";
    let mut header = vec![0; header_len];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    let at = header
        .windows(NO.len())
        .position(|window| window == NO)
        .ok_or_else(|| io::Error::other("the header has no fortran_order"))?;
    file.seek(SeekFrom::Start(at as u64))?;
    file.write_all(YES)
}

/// Reserves a file's space, so that a full disk is an error now and not a SIGBUS later.
fn reserve(file: &mut File, offset: usize, bytes: usize) -> io::Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    match rustix::fs::fallocate(&*file, FallocateFlags::empty(), 0, (offset + bytes) as u64) {
        Ok(()) => Ok(()),
        // File systems that can't reserve still store zeros.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            file.seek(SeekFrom::Start(offset as u64))?;
            io::copy(&mut io::repeat(0).take(bytes as u64), file).map(|_| ())
        }
        Err(errno) => Err(errno.into()),
    }
}
