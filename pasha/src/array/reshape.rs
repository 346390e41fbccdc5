//! Other axes over the same memory: those of blocks to one of entries, one to two.

use ndarray::{Axis, Dimension, RemoveAxis};

use super::{Order, SharedArray, axes_fill_the_array, strides_for};
use crate::element::Element;

impl<A: Element, D: Dimension> SharedArray<A, D> {
    /// Whether the first element is still the first of the memory, or there is none.
    fn starts_at_its_memory(&self) -> bool {
        self.view.is_empty() || self.view.as_ptr().addr() == self.mapping.start().as_ptr().addr()
    }

    /// Splits the first axis into two of these lengths, the second fastest; `None` if they do not
    /// make up that axis, or the axes were changed since the array was allocated.
    pub(crate) fn split_first_axis(self, lengths: [usize; 2]) -> Option<SharedArray<A, D::Larger>> {
        let (shape, strides) = (self.view.shape(), self.view.strides());
        let len = lengths[0].checked_mul(lengths[1])?;
        if shape.first() != Some(&len) || !self.starts_at_its_memory() {
            return None;
        }
        let strides = strides.iter().map(|&stride| usize::try_from(stride));
        let mut strides: Vec<usize> = strides.collect::<Result<_, _>>().ok()?;
        if self.view.is_empty() {
            strides = strides_for(&self.view.raw_dim(), Order::C).slice().to_vec();
        }
        if !axes_fill_the_array(shape, &strides) {
            return None;
        }
        let ndim = shape.len() + 1;
        let (mut dim, mut steps) = (D::Larger::zeros(ndim), D::Larger::zeros(ndim));
        dim.slice_mut()[..2].copy_from_slice(&lengths);
        dim.slice_mut()[2..].copy_from_slice(&shape[1..]);
        steps[0] = strides[0] * lengths[1].max(1);
        steps.slice_mut()[1..].copy_from_slice(&strides);
        Some(SharedArray::with_strides(self.mapping, dim, steps))
    }
}

impl<A: Element, D: RemoveAxis> SharedArray<A, D> {
    /// Makes of the slots that a map over [`chunks`](crate::chunks()) filled one for each entry:
    /// `(blocks, size, …)` becomes `(len, …)`.
    ///
    /// Nothing is copied. The last block may have been shorter than `size`: what it left of its
    /// slot is behind `len`, and no longer part of the array. The file of an array in a file keeps
    /// its shape.
    ///
    /// # Panics
    /// Panics if the array has fewer than two axes, is in Fortran order, was cut in place, or has
    /// fewer than `len` places.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array1, ArrayView1, ArrayViewMut1};
    ///
    /// /// The squares of three numbers, or of fewer at the end.
    /// #[pasha::kernel]
    /// fn squares(
    ///     numbers: ArrayView1<u64>,
    ///     #[output(shape = 3)] mut squares: ArrayViewMut1<u64>,
    /// ) {
    ///     for (square, number) in squares.iter_mut().zip(numbers) {
    ///         *square = number * number;
    ///     }
    /// }
    ///
    /// let numbers = Array1::from_iter(0..5);
    /// let squares = squares::run_parallel(pasha::chunks(&numbers, 3))?; // (blocks, 3)
    /// assert_eq!(squares.unchunk(5), ndarray::array![0, 1, 4, 9, 16]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn unchunk(self, len: usize) -> SharedArray<A, D::Smaller> {
        let shape = self.view.shape();
        assert!(
            shape.len() > 1,
            "an array of shape {shape:?} has no slots of blocks: they are axes 0 and 1"
        );
        assert!(
            self.view.is_standard_layout(),
            "only slots in C order lie back to back, those of this array of shape {shape:?} do not"
        );
        assert!(
            self.starts_at_its_memory(),
            "this array of shape {shape:?} was cut, its first slot is not that of its memory"
        );
        let places = shape[0] * shape[1];
        assert!(len <= places, "{len} entries do not fit the {places} places of shape {shape:?}");
        let mut dim = self.view.raw_dim().remove_axis(Axis(0));
        dim[0] = len;
        SharedArray::over(self.mapping, dim, Order::C)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Ix3, array};

    use super::*;
    use crate::memory::{Memory, Pages};

    fn blocks(order: Order) -> SharedArray<u16, Ix3> {
        let dim = ndarray::Dim([2, 2, 3]);
        let mut blocks = SharedArray::zeros(dim, order, Memory::Private, Pages::Ordinary).unwrap();
        blocks.iter_mut().zip(0..).for_each(|(place, number)| *place = number);
        blocks
    }

    #[test]
    fn entries_follow_each_other() {
        assert_eq!(blocks(Order::C).unchunk(3), array![[0, 1, 2], [3, 4, 5], [6, 7, 8]]);
        assert_eq!(blocks(Order::C).unchunk(4).shape(), [4, 3]);
        assert_eq!(blocks(Order::C).unchunk(0).shape(), [0, 3]);
    }

    #[test]
    #[should_panic(expected = "5 entries do not fit the 4 places of shape [2, 2, 3]")]
    fn more_entries_than_places_are_refused() {
        blocks(Order::C).unchunk(5);
    }

    #[test]
    #[should_panic(expected = "was cut")]
    fn slots_that_were_cut_off_do_not_come_back() {
        let mut blocks = blocks(Order::C);
        blocks.slice_collapse(ndarray::s![1.., .., ..]);
        blocks.unchunk(2);
    }

    #[test]
    #[should_panic(expected = "only slots in C order")]
    fn fortran_order_is_refused() {
        blocks(Order::F).unchunk(4);
    }
}
