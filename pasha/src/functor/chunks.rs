//! Blocks of an array along axis 0: one after another, or overlapping.

use std::convert::Infallible;
use std::fmt;
use std::ops::Range;

use ndarray::{ArrayView, Axis, Dimension};

use super::axis::{AsView, MappedFile, place_of};
use super::{Functor, Read, given_by_value, natural_items};
use crate::error::SourceError;
use crate::param::{ItemShape, SubView};

/// Blocks of an array along axis 0; made by [`chunks`] and [`windows`].
///
/// # Examples
/// ```
/// use ndarray::{Array3, Ix3};
/// use pasha::Blocks;
///
/// let frames = Array3::<u16>::ones((10, 4, 5)); // (n, y, x)
/// let blocks: Blocks<'_, u16, Ix3> = pasha::chunks(&frames, 4);
/// let lengths = pasha::map(blocks, |_, _, block| block.shape()[0])?;
/// assert_eq!(lengths, ndarray::array![4, 4, 2]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct Blocks<'a, A, D: Dimension> {
    view: ArrayView<'a, A, D>,
    file: MappedFile<'a>,
    size: usize,
    /// From the start of one block to that of the next.
    step: usize,
    kind: &'static str,
}

/// Maps over blocks of `size` entries of axis 0, one after another; the last may be shorter.
///
/// The item has as many axes as the array: for frames `(n, y, x)` it is `(size, y, x)`, and that
/// is also the shape that `like = item` means, for the shorter last one too. Nothing is copied.
///
/// A `size` of 0 is an error when the kernel is run.
///
/// # Examples
/// ```
/// use ndarray::{Array1, ArrayView1, array};
///
/// /// Sums a block.
/// #[pasha::kernel]
/// fn total(block: ArrayView1<i64>) -> i64 {
///     block.sum()
/// }
///
/// let a = Array1::from_iter(0..10);
/// assert_eq!(total::run_serial(pasha::chunks(&a, 4))?, array![6, 22, 17]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn chunks<V: AsView + ?Sized>(array: &V, size: usize) -> Blocks<'_, V::Elem, V::Dim> {
    let file = array.mapped_file();
    Blocks { view: array.as_view(), file, size, step: size, kind: "chunks" }
}

/// Maps over all overlapping windows of `size` entries of axis 0.
///
/// The item has as many axes as the array: for frames `(n, y, x)` it is `(size, y, x)`, and there
/// are `n - size + 1` of them, none if the array is shorter than a window. Nothing is copied.
///
/// A `size` of 0 is an error when the kernel is run.
///
/// # Examples
/// ```
/// use ndarray::{ArrayView1, array};
///
/// /// Averages a window.
/// #[pasha::kernel]
/// fn smooth(window: ArrayView1<f64>) -> f64 {
///     window.sum() / window.len() as f64
/// }
///
/// let smoothed = smooth::run_serial(pasha::windows(&[1.0, 2.0, 6.0, 4.0], 3))?;
/// assert_eq!(smoothed, array![3.0, 4.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn windows<V: AsView + ?Sized>(array: &V, size: usize) -> Blocks<'_, V::Elem, V::Dim> {
    let file = array.mapped_file();
    Blocks { view: array.as_view(), file, size, step: 1, kind: "windows" }
}

impl<A, D: Dimension> Blocks<'_, A, D> {
    /// Length of axis 0.
    fn entries(&self) -> usize {
        self.view.shape().first().copied().unwrap_or(0)
    }
}

impl<A, D: Dimension> fmt::Debug for Blocks<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} of {:?})", self.kind, self.size, self.view.shape())
    }
}

impl<A, D: Dimension> fmt::Debug for BlockReader<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockReader({} of {:?})", self.size, self.view.shape())
    }
}

#[diagnostic::do_not_recommend]
impl<A: Sync + 'static, D: Dimension + 'static> Functor<SubView<A, D>> for Blocks<'_, A, D> {
    type Reader<'f>
        = BlockReader<'f, A, D>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        match (self.size, self.step) {
            (0, _) => 0,
            (size, 1) => (self.entries() + 1).saturating_sub(size),
            (size, _) => self.entries().div_ceil(size),
        }
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        self.file.check()?;
        Ok(BlockReader { view: self.view.view(), size: self.size, step: self.step })
    }

    fn item_shape(&self) -> Option<ItemShape<D>> {
        self.check().ok()?;
        let mut dim = self.view.raw_dim();
        dim[0] = dim[0].min(self.size);
        Some(ItemShape::new(dim))
    }

    fn check(&self) -> Result<(), SourceError> {
        if self.size == 0 {
            return Err(format!("`pasha::{}` needs a size of at least 1, not 0", self.kind).into());
        }
        if self.view.ndim() == 0 {
            return Err(super::NO_AXIS.into());
        }
        Ok(())
    }
}

given_by_value! {
    ['f, A: 'static, D: Dimension + 'static,] Blocks<'f, A, D>;
}

natural_items! {
    ['f, A: Sync + 'static, D: Dimension + 'static] Blocks<'f, A, D>: SubView<A, D>;
}

/// Reads the blocks of an array.
pub struct BlockReader<'f, A, D: Dimension> {
    view: ArrayView<'f, A, D>,
    size: usize,
    step: usize,
}

impl<A: 'static, D: Dimension + 'static> Read<SubView<A, D>> for BlockReader<'_, A, D> {
    type Error = Infallible;
    const PREPARES_NOTHING: bool = true;

    #[inline]
    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D>, Infallible> {
        // Cheaper than a slice, which may have steps and count from the end.
        let (_, rest) = self.view.view().split_at(Axis(0), index * self.step);
        let size = self.size.min(rest.len_of(Axis(0)));
        Ok(rest.split_at(Axis(0), size).0)
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        let last = share.end.checked_sub(1)?;
        let end = (last * self.step + self.size).min(self.view.len_of(Axis(0)));
        place_of(&self.view, Axis(0), &(share.start * self.step..end))
    }
}
