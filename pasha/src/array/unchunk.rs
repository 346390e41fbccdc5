//! One slot for each block of a map over `chunks`, to one for each entry.

use ndarray::{Axis, RemoveAxis};

use super::{Order, SharedArray};
use crate::element::Element;

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
        let start = self.view.as_ptr().addr();
        assert!(
            self.view.is_empty() || start == self.mapping.start().as_ptr().addr(),
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
