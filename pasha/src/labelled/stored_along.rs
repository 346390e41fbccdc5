//! A labelled array in a file, mapped over along a named dimension.

use std::fmt;
use std::ops::Range;

use ndarray::{Array, ArrayView, Dimension, RemoveAxis};

use super::element::{StoredElement, VariableBlock};
use super::item::{Labelled, LabelledView, Mapped};
use super::output::{MappedAlong, sealed};
use super::stored::StoredArray;
use super::variable::OpenVariable;
use crate::context::available_workers;
use crate::error::{Result, SourceError};
use crate::files::UNCHUNKED_BYTES;
use crate::functor::{Functor, Read, given_by_value, natural_items};
use crate::memory::buffer::resize;
use crate::param::{ItemShape, SubView};

/// The most that a worker holds of a file, as long as one item is not larger.
const MOST_BYTES_HELD: usize = 32 << 20;

/// A variable of a file, mapped over along a named dimension; made by [`StoredArray::along`].
///
/// # Examples
/// ```no_run
/// use ndarray::{ArrayView2, Ix3};
/// use pasha::DataArray;
///
/// /// The largest element of an image.
/// #[pasha::kernel]
/// fn highest(image: ArrayView2<f32>) -> f32 { image.fold(f32::NEG_INFINITY, |a, &b| a.max(b)) }
///
/// # #[cfg(feature = "netcdf")] {
/// let temperature = DataArray::<f32, Ix3>::from_netcdf("era5.nc", "t2m")?;
/// let along_time = temperature.along("time")?;
/// let highest = highest::run_parallel(&along_time)?.into_labelled(&along_time)?;
/// # }
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct StoredAlong<'a, A, D> {
    array: &'a StoredArray<A, D>,
    mapped: Mapped<'a>,
    /// The number of indices that are read together, those of a chunk or a part of it.
    block: usize,
    len: usize,
}

impl<A: StoredElement, D: Dimension> StoredArray<A, D> {
    /// Maps over the array along a named dimension: the item is the sub-view at an index, with
    /// the other dimensions in their order, as [`Labelled`](super::Labelled) or plain
    /// `ArrayView`.
    ///
    /// Workers read the chunks that hold their indices once. Along a dimension in whose direction
    /// chunks are so long that a worker would have to hold more than 32 MiB, it reads them several
    /// times, in parts.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if there is no such dimension, with the nearest
    /// that there are.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// # #[cfg(feature = "zarr")] {
    /// # let name = format!("pasha-zarr-along-{}", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let counts = ndarray::Array3::<u16>::ones((5, 4, 3));
    /// # DataArray::new(counts, ["time", "y", "x"])?.with_name("counts").to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?; // or `from_netcdf`
    /// let maxima = pasha::map(frames.along("x")?, |_, _, line| line.data[[0, 0]])?;
    /// assert_eq!(maxima, ndarray::array![1, 1, 1]);
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn along(&self, dim: &str) -> Result<StoredAlong<'_, A, D>>
    where
        D: RemoveAxis,
    {
        Ok(StoredAlong::new(self, Mapped::new(self.labels(), dim)?))
    }
}

impl<'a, A: StoredElement, D: RemoveAxis> StoredAlong<'a, A, D> {
    fn new(array: &'a StoredArray<A, D>, mapped: Mapped<'a>) -> Self {
        let axis = mapped.axis.index();
        let shape = array.shape();
        let len = shape[axis];
        let item = shape.iter().enumerate().filter(|&(place, _)| place != axis);
        let item = (item.map(|(_, &len)| len).product::<usize>() * size_of::<A>()).max(1);
        let chunk = array.chunk_shape().map_or(UNCHUNKED_BYTES / item, |chunk| chunk[axis]);
        let block = chunk.min(MOST_BYTES_HELD / item).clamp(1, len.max(1));
        StoredAlong { array, mapped, block, len }
    }

    fn rest(&self) -> D::Smaller {
        self.array.raw_dim().remove_axis(self.mapped.axis)
    }

    fn open(&self) -> Result<StoredReader<'_, A, D>, SourceError> {
        Ok(StoredReader {
            along: self,
            open: self.array.open()?,
            share: 0..self.len,
            held: 0..0,
            buffer: self.array.no_elements(),
            scratch: Vec::new(),
        })
    }
}

impl<A, D: Dimension> fmt::Debug for StoredAlong<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredAlong({:?} of {:?})", self.mapped.axis, self.array)
    }
}

/// One worker's open file, and the block that it has read of it.
pub struct StoredReader<'f, A, D: Dimension> {
    along: &'f StoredAlong<'f, A, D>,
    open: Box<dyn OpenVariable + 'f>,
    /// What this worker will read next.
    share: Range<usize>,
    /// What the buffer holds.
    held: Range<usize>,
    buffer: Array<A, D>,
    /// For the stored elements, where they are others than those asked for.
    scratch: Vec<u64>,
}

impl<A: StoredElement, D: RemoveAxis> StoredReader<'_, A, D> {
    /// Reads the block around an index, if it is not held, and gives the sub-view at the index.
    fn at(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, SourceError> {
        let axis = self.along.mapped.axis;
        if !self.held.contains(&index) {
            self.hold(index)?;
        }
        Ok(self.buffer.index_axis(axis, index - self.held.start))
    }

    #[cold]
    fn hold(&mut self, index: usize) -> Result<(), SourceError> {
        let StoredAlong { array, mapped, block, len } = self.along;
        let axis = mapped.axis.index();
        let start = index / block * block;
        let block = start..start.saturating_add(*block).min(*len);
        // Not what others read, unless this index is not in the share either.
        let block = if self.share.contains(&index) {
            block.start.max(self.share.start)..block.end.min(self.share.end)
        } else {
            block
        };
        let mut shape = array.raw_dim().clone();
        shape[axis] = block.len();
        self.held = 0..0;
        if self.buffer.raw_dim() != shape {
            let empty = array.no_elements();
            let (mut elements, _) =
                std::mem::replace(&mut self.buffer, empty).into_raw_vec_and_offset();
            let wanted = shape.size();
            resize(&mut elements, wanted)?;
            self.buffer = Array::from_shape_vec(shape.clone(), elements)?;
        }
        let mut from = D::zeros(shape.ndim());
        from[axis] = block.start;
        let StoredReader { open, buffer, scratch, .. } = self;
        // The array was made in C order.
        let elements = buffer.as_slice_mut().unwrap_or_default();
        if !elements.is_empty() {
            let (start, shape) = (from.slice(), shape.slice());
            let block = VariableBlock { start, shape };
            let decoding = array.decoding();
            decoding.read(elements, scratch, block, |bytes| open.read(start, shape, bytes))?;
        }
        self.held = block;
        Ok(())
    }
}

impl<A, D: Dimension> fmt::Debug for StoredReader<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredReader({:?} of {:?})", self.held, self.along)
    }
}

impl<A: StoredElement, D: RemoveAxis<Smaller: 'static>> Read<SubView<A, D::Smaller>>
    for StoredReader<'_, A, D>
{
    type Error = SourceError;

    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, SourceError> {
        self.at(index)
    }

    fn begin(&mut self, share: Range<usize>) {
        self.share = share;
    }
}

impl<A: StoredElement, D: RemoveAxis<Smaller: 'static>> Read<LabelledView<A, D::Smaller>>
    for StoredReader<'_, A, D>
{
    type Error = SourceError;

    fn read(&mut self, index: usize) -> Result<Labelled<'_, A, D::Smaller>, SourceError> {
        let mapped = &self.along.mapped;
        Ok(mapped.item(index, self.at(index)?))
    }

    fn begin(&mut self, share: Range<usize>) {
        self.share = share;
    }
}

macro_rules! stored_functor {
    ($($param:ident)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<A, D> Functor<$param<A, D::Smaller>> for StoredAlong<'_, A, D>
        where
            A: StoredElement,
            D: RemoveAxis<Smaller: 'static>,
        {
            type Reader<'f>
                = StoredReader<'f, A, D>
            where
                Self: 'f;

            fn num_items(&self) -> usize {
                self.len
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                self.open()
            }

            fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
                Some(ItemShape::new(self.rest()))
            }

            fn items_together(&self) -> usize {
                // All workers shall have something to do, even if they read a chunk several times.
                let workers = available_workers().unwrap_or(1);
                self.block.min(self.len.div_ceil(workers)).max(1)
            }

            fn items_inseparable(&self) -> usize {
                self.array.chunk_shape().map_or(1, |_| self.block)
            }
        }

    )+};
}
given_by_value! {
    ['f, A: StoredElement, D: RemoveAxis<Smaller: 'static>,] StoredAlong<'f, A, D>;
}
stored_functor!(SubView LabelledView);

natural_items! {
    ['f, A: StoredElement, D: RemoveAxis<Smaller: 'static>] StoredAlong<'f, A, D>: LabelledView<A, D::Smaller>;
}

impl<A, D: RemoveAxis> MappedAlong for StoredAlong<'_, A, D> {}
impl<A, D: RemoveAxis> sealed::Sealed for StoredAlong<'_, A, D> {
    #[allow(private_interfaces, reason = "nobody else can call it")]
    fn mapped(&self) -> Option<&Mapped<'_>> {
        Some(&self.mapped)
    }

    fn full_shape(&self) -> Vec<usize> {
        self.array.shape().to_vec()
    }
}
