//! The arrays that come out of a map.

mod arithmetic;
mod convert;
mod copies;
mod huge;
mod ragged;
mod reshape;
mod slots;
mod traits;
mod with_axes;

use std::io;
use std::ops::{Deref, DerefMut};

use ndarray::{ArrayRef, ArrayView, ArrayViewMut, Dimension, ShapeBuilder};

use crate::element::{Element, assert_alignment};
use crate::error::{Error, Result};
use crate::memory::{Mapping, Memory, Pages};

pub(crate) use copies::{copy_elements, fill_with_copies};
pub use huge::advise_huge;
pub use ragged::RaggedArray;
pub(crate) use ragged::ValuesOf;
pub use slots::Slots;
pub use with_axes::{
    SharedArray0, SharedArray1, SharedArray2, SharedArray3, SharedArray4, SharedArray5,
    SharedArray6,
};

/// The memory order of an array's axes.
///
/// # Examples
/// ```
/// use pasha::prelude::*;
///
/// let context = ThreadContext::new(2)?;
/// let frames = context.alloc::<u16>((10, 4, 5)).order(Order::F).build()?;
/// assert_eq!(frames.strides(), [1, 10, 40]); // in elements
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Row-major: the last axis is contiguous.
    #[default]
    C,
    /// Column-major (Fortran): the first axis is contiguous.
    F,
}

/// An array in memory that all workers and the caller share.
///
/// It is what a map returns and what [`alloc`](crate::Allocate::alloc) gives. It derefs to
/// ndarray's [`ArrayRef`], so that every reading and writing method of ndarray works on it, and it
/// is an input like any other array: `other_kernel::run_parallel(&out)`. The memory belongs to the
/// array, is neither copied nor moved, and is given back when the array is dropped.
///
/// # Panics
/// Operators and indices panic where ndarray's do: at shapes that can't be broadcast to each other,
/// and at an index beyond the end of an axis. `clone` panics where memory can't be had.
///
/// # Examples
/// ```
/// use ndarray::{Array1, Axis, array};
///
/// let squares = pasha::map(0..4_usize, |_worker_id, index, _| [index as f64; 2])?;
/// assert_eq!(squares[3], [3.0, 3.0]);
///
/// let ramp = pasha::map(0..4_usize, |_, index, _| index as f64)?;
/// assert_eq!(ramp, array![0.0, 1.0, 2.0, 3.0]);
/// assert_eq!(ramp.sum(), 6.0);
/// assert_eq!(2.0 * &ramp - 1.0, array![-1.0, 1.0, 3.0, 5.0]);
/// for value in &ramp {
///     assert!(*value < 4.0);
/// }
/// let owned: Array1<f64> = ramp.into(); // a copy, in memory of this process alone
/// # let _ = owned;
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct SharedArray<A: 'static, D: Dimension> {
    // The view points into the mapping, which is dropped after it and never moves.
    view: ArrayViewMut<'static, A, D>,
    mapping: Mapping,
}

impl<A: Element, D: Dimension> SharedArray<A, D> {
    /// Allocates an array of zeros.
    pub(crate) fn zeros(dim: D, order: Order, memory: Memory, pages: Pages) -> Result<Self> {
        let bytes = bytes_of_shape::<A>(dim.slice())?;
        Ok(Self::over(Mapping::anonymous(bytes, memory, pages)?, dim, order))
    }

    /// Takes the first elements of `mapping` for an array.
    ///
    /// # Panics
    /// Panics if the mapping is too short.
    pub(crate) fn over(mapping: Mapping, dim: D, order: Order) -> Self {
        let strides = strides_for(&dim, order);
        Self::with_strides(mapping, dim, strides)
    }

    /// Takes the first elements of `mapping` for an array with these strides (in elements).
    ///
    /// # Panics
    /// Panics if the mapping is too short or the strides are not those of some order of the
    /// axes without gaps.
    pub(crate) fn with_strides(mapping: Mapping, dim: D, strides: D) -> Self {
        const { assert_alignment::<A>() };
        assert!(dim.size() * size_of::<A>() <= mapping.len(), "the mapping is long enough");
        assert!(axes_fill_the_array(dim.slice(), strides.slice()), "the axes lie one in the other");
        // Without elements as ndarray has it, which takes other strides for beyond the memory.
        let shape = if dim.size() == 0 { dim.into() } else { dim.strides(strides) };
        // SAFETY: the mapping is valid for this many elements for as long as it lives, and it
        // lives in the same struct as the view, which is never given out by value or with a
        // longer life than a borrow of the struct. The mapping is aligned to 128 bytes (or 64,
        // behind the header of a .npy file), which suits every element, as asserted. Its bytes are
        // zeros or elements, both valid values by `Element: Zeroable`. The strides reach each
        // element once, as asserted. No one else has a pointer into a mapping just handed over.
        let view = unsafe { ArrayViewMut::from_shape_ptr(shape, mapping.start().cast().as_ptr()) };
        SharedArray { view, mapping }
    }

    /// Copies an array into new memory that forked workers share, with huge pages as far as the
    /// operating system gives them.
    ///
    /// Forking takes time for each page of ordinary memory (55 ms for 1 GiB in pages of 4 KiB), and
    /// none for shared memory. An input of many maps is worth the copy; for one map
    /// [`advise_huge`](crate::advise_huge) does as well, and copies nothing. The copy is in C
    /// order.
    ///
    /// # Errors
    /// [`Error::Alloc`] if the memory can't be had.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Array2;
    /// use pasha::SharedArray;
    ///
    /// let frames = Array2::<u16>::ones((4, 8));
    /// let frames = SharedArray::from_array(&frames)?;
    /// let sums = pasha::map(&frames, |_, _, frame| frame.sum())?;
    /// assert_eq!(sums, ndarray::array![8, 8, 8, 8]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn from_array(array: &ArrayRef<A, D>) -> Result<Self> {
        let mut copy = Self::zeros(array.raw_dim(), Order::C, Memory::Shared, Pages::Huge)?;
        copy.mapping.make_huge_pages();
        copy.copy_from(array);
        Ok(copy)
    }

    /// Sets all elements, leaving untouched pages alone where they are zero already.
    pub(crate) fn fill_fresh(&mut self, value: A) {
        if bytemuck::bytes_of(&value).iter().any(|&byte| byte != 0) {
            self.mapping.make_huge_pages();
            self.fill_with_copies(value);
        }
    }
}

impl<A: 'static, D: Dimension> SharedArray<A, D> {
    /// A read-only view of the whole array.
    ///
    /// # Examples
    /// ```
    /// let squares = pasha::map(0..4_u64, |_, _, n| n * n)?;
    /// assert_eq!(squares.view().split_at(ndarray::Axis(0), 2).1, ndarray::array![4, 9]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn view(&self) -> ArrayView<'_, A, D> {
        self.view.view()
    }

    /// A writable view of the whole array.
    ///
    /// # Examples
    /// ```
    /// let mut squares = pasha::map(0..4_u64, |_, _, n| n * n)?;
    /// squares.view_mut().split_at(ndarray::Axis(0), 2).0.fill(7);
    /// assert_eq!(squares, ndarray::array![7, 7, 4, 9]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn view_mut(&mut self) -> ArrayViewMut<'_, A, D> {
        self.view.view_mut()
    }

    /// Which workers can write the array: those of this process alone, or forked ones too.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Memory, ProcessContext, ThreadContext};
    ///
    /// let of_threads = pasha::map_in(&ThreadContext::new(2)?, 0..4_u64, |_, _, n| n * n)?;
    /// assert_eq!(of_threads.memory(), Memory::Private);
    /// let of_processes = pasha::map_in(&ProcessContext::new(2)?, 0..4_u64, |_, _, n| n * n)?;
    /// assert_eq!(of_processes.memory(), Memory::Shared);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn memory(&self) -> Memory {
        self.mapping.memory()
    }

    /// Whether the array lies in a file.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-back-{}.npy", std::process::id()));
    /// let context = ProcessContext::new(2)?;
    /// assert!(context.alloc::<f32>((10, 4)).file(&path).build()?.is_file_backed());
    /// assert!(!context.alloc::<f32>((10, 4)).build()?.is_file_backed());
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn is_file_backed(&self) -> bool {
        self.mapping.is_file()
    }

    /// Writes the pages of a file-backed array to its disk and waits for it.
    ///
    /// Programs that open the file see the values without it; it guards against a loss of
    /// power. It does nothing for an array without a file.
    ///
    /// # Errors
    /// What the operating system reports.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-flush-{}.npy", std::process::id()));
    /// let mut spectra = ProcessContext::new(2)?.alloc::<f32>((10, 512)).file(&path).build()?;
    /// spectra.fill(1.0);
    /// spectra.flush()?;
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&self) -> io::Result<()> {
        self.mapping.flush()
    }

    pub(crate) fn mapping(&self) -> &Mapping {
        &self.mapping
    }
}

impl<A: 'static, D: Dimension> Deref for SharedArray<A, D> {
    type Target = ArrayRef<A, D>;

    fn deref(&self) -> &ArrayRef<A, D> {
        &self.view
    }
}

impl<A: 'static, D: Dimension> DerefMut for SharedArray<A, D> {
    fn deref_mut(&mut self) -> &mut ArrayRef<A, D> {
        &mut self.view
    }
}

/// The bytes of an array, if they can be addressed.
pub(crate) fn bytes_of_shape<A>(shape: &[usize]) -> Result<usize> {
    // ndarray counts elements and bytes with isize, and axes of length 0 do not excuse the others.
    shape
        .iter()
        .try_fold(size_of::<A>().max(1), |bytes, &len| bytes.checked_mul(len.max(1)))
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .map(|_| shape.iter().product::<usize>() * size_of::<A>())
        .ok_or_else(|| overflow::<A>(shape))
}

fn overflow<A>(shape: &[usize]) -> Error {
    Error::ShapeOverflow { shape: shape.to_vec(), element_size: size_of::<A>() }
}

/// Strides of a contiguous array, in elements.
pub(crate) fn strides_for<D: Dimension>(dim: &D, order: Order) -> D {
    let mut strides = dim.clone();
    let ndim = dim.ndim();
    let mut step = 1;
    for place in 0..ndim {
        let axis = match order {
            Order::C => ndim - 1 - place,
            Order::F => place,
        };
        strides[axis] = step;
        step *= dim[axis].max(1);
    }
    strides
}

/// Whether the strides are positive and, sorted, are those of a contiguous array.
fn axes_fill_the_array(shape: &[usize], strides: &[usize]) -> bool {
    let mut axes: Vec<_> = shape.iter().zip(strides).collect();
    axes.sort_by_key(|&(&len, &stride)| (stride, len));
    let mut step = 1;
    axes.iter().all(|&(&len, &stride)| {
        let fits = stride == step || len <= 1;
        step *= len.max(1);
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Ix2, Ix3, array};

    #[test]
    fn orders_have_numpys_strides() {
        let dim = Ix3(2, 3, 4);
        assert_eq!(strides_for(&dim, Order::C), Ix3(12, 4, 1));
        assert_eq!(strides_for(&dim, Order::F), Ix3(1, 2, 6));
    }

    #[test]
    fn a_shape_beyond_the_address_space_is_refused() {
        let error = bytes_of_shape::<f64>(&[1 << 40, 1 << 30]).unwrap_err();
        assert!(matches!(error, Error::ShapeOverflow { element_size: 8, .. }));
        assert!(bytes_of_shape::<f64>(&[0, usize::MAX, 2]).is_err());
        assert_eq!(bytes_of_shape::<u16>(&[3, 0]).unwrap(), 0);
    }

    #[test]
    fn an_array_compares_and_iterates_like_ndarrays() {
        let mut shared =
            SharedArray::<i32, Ix2>::zeros(Ix2(2, 2), Order::F, Memory::Shared, Pages::Huge)
                .unwrap();
        shared[[0, 1]] = 5;
        let owned = array![[0, 5], [0, 0]];
        assert_eq!(shared, owned);
        assert_eq!(owned, shared);
        assert_eq!(shared.to_owned(), owned);
        assert_eq!((&shared).into_iter().sum::<i32>(), 5);
        assert_eq!(format!("{shared}"), format!("{owned}"));
    }
}
