//! Explicit allocation of arrays that the workers of a context can write.
//!
//! Kernels allocate their outputs themselves. Allocating by hand is for outputs that lie in a file,
//! for arrays of per-worker accumulators, and for inputs that should cost nothing to share.

mod file;
mod like;
mod ragged;

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Axis, Dimension, IntoDimension};

use crate::array::{Order, SharedArray, bytes_of_shape};
use crate::context::{Context, refuse_to_resume_within_kernels};
use crate::element::{Element, assert_alignment_in_file};
use crate::error::{Error, Result};
use crate::files::FileClaim;
use crate::memory::{Mapping, Memory, Pages};
use crate::npy::NpyElement;
use crate::resume;
use file::{ElementInFile, NpyOutput, absolute};
pub use like::{AllocLikeBuilder, AllocateLike, AsLayout};
pub use ragged::{AllocRaggedBuilder, AllocateRagged};

/// Allocation of arrays by their shape; implemented by every context.
///
/// The type parameter is that of the shape; it is found by itself.
///
/// # Examples
/// ```
/// use pasha::prelude::*;
///
/// let context = ThreadContext::new(2)?;
/// let spectra = context.alloc::<f32>((10, 512)).build()?; // (n, channel)
/// assert_eq!(spectra.shape(), [10, 512]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub trait Allocate<S: IntoDimension>: Context {
    /// Begins the allocation of an array of this shape, of zeros in C order if nothing else is
    /// said.
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
        AllocBuilder::new(Owner::of(self), shape.into_dimension(), Order::C)
    }
}

impl<C: Context + ?Sized, S: IntoDimension> Allocate<S> for C {}

/// What an allocation takes over from its context.
#[derive(Debug, Clone)]
struct Owner {
    memory: Memory,
    pages: Pages,
    num_workers: usize,
    /// The file that says what of a job is done.
    job_file: Option<PathBuf>,
    /// Whether files are written here: of several ranks, rank 0 has them.
    has_files: bool,
}

impl Owner {
    fn of<C: Context + ?Sized>(context: &C) -> Owner {
        Owner {
            memory: context.memory(),
            pages: context.options().pages(),
            num_workers: context.num_workers(),
            job_file: context.options().resume.as_deref().map(Path::to_owned),
            has_files: context.ranks().is_none_or(|ranks| ranks.group.rank() == 0),
        }
    }

    /// Claims the job, if the context has one.
    fn claim_job(&self) -> Result<Option<Arc<FileClaim>>> {
        refuse_to_resume_within_kernels(self.job_file.as_deref())?;
        self.job_file.as_deref().map(resume::claim).transpose()
    }
}

/// One array for all workers.
///
/// # Examples
/// ```
/// use ndarray::Ix2;
/// use pasha::alloc::{AllocBuilder, ForAll};
/// use pasha::prelude::*;
///
/// let builder: AllocBuilder<f64, Ix2, ForAll> = SerialContext::new().alloc((10, 4));
/// assert_eq!(builder.build()?.shape(), [10, 4]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ForAll;

/// One array for each worker, along an axis of its own.
///
/// # Examples
/// ```
/// use ndarray::Ix1;
/// use pasha::alloc::{AllocBuilder, PerWorker};
/// use pasha::prelude::*;
///
/// let builder: AllocBuilder<u64, Ix1, PerWorker> =
///     ThreadContext::new(3)?.alloc(512).per_worker();
/// assert_eq!(builder.build()?.shape(), [3, 512]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PerWorker;

/// An allocation that is being described.
///
/// # Examples
/// ```
/// use pasha::prelude::*;
///
/// let context = ThreadContext::new(2)?;
/// let frames = context.alloc::<u16>((10, 4, 5)).order(Order::F).fill(1).build()?;
/// assert_eq!(frames.sum(), 200);
/// # Ok::<(), pasha::Error>(())
/// ```
#[must_use = "nothing is allocated before `build`"]
#[derive(Debug, Clone)]
pub struct AllocBuilder<A, D, W = ForAll> {
    owner: Owner,
    dim: D,
    order: Order,
    fill: Option<A>,
    /// Where it lies, and the type of its elements as NumPy names it.
    file: Option<(PathBuf, ElementInFile)>,
    workers: PhantomData<W>,
}

impl<A: Element, D: Dimension> AllocBuilder<A, D> {
    fn new(owner: Owner, dim: D, order: Order) -> Self {
        AllocBuilder { owner, dim, order, fill: None, file: None, workers: PhantomData }
    }

    /// Adds an axis as long as the context has workers, so that each has an array of its own:
    /// in front in C order, `(num_workers, …)`, and last in Fortran order, `(…, num_workers)`.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let context = ThreadContext::new(3)?;
    /// assert_eq!(context.alloc::<u64>((4, 5)).per_worker().build()?.shape(), [3, 4, 5]);
    /// let builder = context.alloc::<u64>((4, 5)).order(Order::F);
    /// assert_eq!(builder.per_worker().build()?.shape(), [4, 5, 3]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn per_worker(self) -> AllocBuilder<A, D, PerWorker> {
        let AllocBuilder { owner, dim, order, fill, file, .. } = self;
        AllocBuilder { owner, dim, order, fill, file, workers: PhantomData }
    }

    /// Allocates the array.
    ///
    /// # Errors
    /// [`Error::ShapeOverflow`], [`Error::Alloc`] if the memory can't be had, and for one in a file
    /// [`Error::File`] if it can't be created, or its space not be reserved, or what lies at its
    /// path is no regular file; [`Error::InUse`] if that is the memory of another array that is
    /// alive, here or in another program, or if this program has it open as a file to be resumed
    /// and reads it as well; and [`Error::Resume`] if it is not that of the job to be
    /// resumed, or another program is at work on that job.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let context = ThreadContext::new(2)?;
    /// assert_eq!(context.alloc::<f64>((3, 2)).build()?, ndarray::Array2::<f64>::zeros((3, 2)));
    /// let error = context.alloc::<f64>((usize::MAX, 2)).build().unwrap_err();
    /// assert!(matches!(error, pasha::Error::ShapeOverflow { .. }));
    /// # Ok::<(), pasha::Error>(())
    /// ```
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
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let histograms = ThreadContext::new(3)?.alloc::<u64>(512).per_worker().build()?;
    /// assert_eq!(histograms.shape(), [3, 512]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn build(self) -> Result<SharedArray<A, D::Larger>> {
        let axis = match self.order {
            Order::C => Axis(0),
            Order::F => Axis(self.dim.ndim()),
        };
        let mut dim = self.dim.insert_axis(axis);
        dim[axis.index()] = self.owner.num_workers;
        build(self, dim)
    }
}

impl<A: Element, D: Dimension, W> AllocBuilder<A, D, W> {
    /// Chooses the memory order.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let image = SerialContext::new().alloc::<f32>((64, 128)).order(Order::F).build()?;
    /// assert_eq!(image.strides(), [1, 64]); // in elements
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn order(self, order: Order) -> Self {
        AllocBuilder { order, ..self }
    }

    /// Sets all elements; without it they are zero.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let image = SerialContext::new().alloc::<f32>((64, 128)).fill(f32::NAN).build()?;
    /// assert!(image.iter().all(|value| value.is_nan()));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn fill(self, value: A) -> Self {
        AllocBuilder { fill: Some(value), ..self }
    }

    /// Puts the array into a new `.npy` file, replacing one that is there.
    ///
    /// The array is the file: what workers write is in it, for other programs to open with
    /// NumPy, and it may be larger than the memory. Its space on the disk is reserved at once.
    ///
    /// In a context with [`resume`](crate::Options::resume) and a job that was begun, the file of
    /// that job is opened as it is, with what is finished in it. From here on until the last such
    /// array is dropped, no other program can work on the job.
    ///
    /// While the array lives, nobody may shorten or write the file by other means. Other arrays of
    /// pasha and [`NpyFile`](crate::NpyFile)s of it are refused, in this program and, where the
    /// file system has locks, in others.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// /// Photons from counts.
    /// #[pasha::kernel]
    /// fn photons(counts: f64) -> f64 { counts / 50.0 }
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-file-{}.npy", std::process::id()));
    /// let context = ProcessContext::new(2)?;
    /// let mut out = context.alloc::<f64>(2).file(&path).build()?;
    /// photons::run_into(&context, &[100.0, 150.0], &mut out)?;
    /// drop(out);
    /// let file = NpyFile::<f64, ndarray::Ix1>::open(&path)?; // or `numpy.load`
    /// assert_eq!(file.view(), ndarray::array![2.0, 3.0]);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn file(self, path: impl Into<PathBuf>) -> Self
    where
        A: NpyElement,
    {
        const { assert_alignment_in_file::<A>() };
        AllocBuilder { file: Some((path.into(), ElementInFile::of::<A>())), ..self }
    }
}

/// Allocates an array of this dimension.
fn build<A: Element, D: Dimension, W, E: Dimension>(
    builder: AllocBuilder<A, D, W>,
    dim: E,
) -> Result<SharedArray<A, E>> {
    let bytes = bytes_of_shape::<A>(dim.slice())?;
    let mapping = match builder.file.as_ref().filter(|_| builder.owner.has_files) {
        None => Mapping::anonymous(bytes, builder.owner.memory, builder.owner.pages)?,
        Some((path, stored)) => {
            let (order, shape) = (builder.order, dim.slice());
            let path = &absolute(path.clone());
            let job = builder.owner.job_file.as_deref();
            if job.is_some_and(|job| resume::are_files_of(&absolute(job.to_owned()), path)) {
                return Err(Error::Resume {
                    path: path.to_owned(),
                    reason:
                        "an output is to lie in the same file: give `resume` and `file` paths of \
                             their own"
                            .to_owned(),
                });
            }
            // Nobody else touches the files of a job whose lock this process holds.
            let claim = builder.owner.claim_job()?;
            let begun = claim.as_deref().map(resume::is_begun).transpose()?.unwrap_or(false);
            let file = NpyOutput { path, stored, order, shape, bytes, job: claim };
            match job {
                Some(job) if begun => {
                    // What it holds is what an earlier run has finished.
                    let mapping = file.open(job)?;
                    return Ok(SharedArray::over(mapping, dim, order));
                }
                _ => file.create()?,
            }
        }
    };
    let mut array = SharedArray::over(mapping, dim, builder.order);
    if let Some(value) = builder.fill {
        array.fill_fresh(value);
    }
    Ok(array)
}
