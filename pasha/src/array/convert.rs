//! Shared arrays to ndarray's own arrays, and copies of them.

use ndarray::{Array, Dimension};

use super::{Order, SharedArray};
use crate::element::Element;
use crate::memory::Pages;

impl<A: Element, D: Dimension> Clone for SharedArray<A, D> {
    /// Copies the array into new memory of the same kind, in C order. A copy of an array in a file
    /// lies in memory.
    ///
    /// # Panics
    /// Panics if the memory can't be had; [`SharedArray::from_array`] gives an error instead.
    fn clone(&self) -> Self {
        let copy = Self::zeros(self.raw_dim(), Order::C, self.memory(), Pages::Huge);
        match copy {
            Ok(mut copy) => {
                copy.mapping.make_huge_pages();
                copy.copy_from(self);
                copy
            }
            Err(error) => panic!("the array can't be cloned: {error}"),
        }
    }
}

impl<A: Clone + 'static, D: Dimension> SharedArray<A, D> {
    /// Copies the elements into an ordinary array of ndarray's, with the same order of axes.
    ///
    /// # Examples
    /// ```
    /// let squares = pasha::map(0..3_u64, |_worker_id, _index, n| n * n)?;
    /// let copy: ndarray::Array1<u64> = squares.to_owned();
    /// assert_eq!(copy, ndarray::array![0, 1, 4]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    // Inherent, because the method that comes with `Clone` would make a shared array.
    pub fn to_owned(&self) -> Array<A, D> {
        self.view.to_owned()
    }
}

impl<A: Clone, D: Dimension> From<SharedArray<A, D>> for Array<A, D> {
    /// Copies the elements, since the memory belongs to the shared array.
    fn from(array: SharedArray<A, D>) -> Self {
        array.to_owned()
    }
}

impl<A: Clone, D: Dimension> From<&SharedArray<A, D>> for Array<A, D> {
    /// Copies the elements.
    fn from(array: &SharedArray<A, D>) -> Self {
        array.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::*;
    use crate::memory::Memory;

    #[test]
    fn a_clone_is_an_array_of_its_own_in_memory_of_the_same_kind() {
        for memory in [Memory::Private, Memory::Shared] {
            let mut first =
                SharedArray::zeros(ndarray::Ix2(2, 3), Order::F, memory, Pages::Ordinary).unwrap();
            first[[1, 2]] = 5_u16;
            let mut second = first.clone();
            second[[0, 0]] = 7;
            assert_eq!(second.memory(), memory);
            assert_eq!(first, array![[0, 0, 0], [0, 0, 5]]);
            assert_eq!(second, array![[7, 0, 0], [0, 0, 5]]);
        }
    }

    #[test]
    fn arrays_are_made_of_shared_ones() {
        let shared = SharedArray::from_array(&array![[1.0, 2.0]]).unwrap();
        let copy = Array2::from(&shared);
        assert_eq!(copy, array![[1.0, 2.0]]);
        let moved: Array2<f64> = shared.into();
        assert_eq!(moved, copy);
        let line: Array1<f64> = SharedArray::from_array(&array![3.0]).unwrap().into();
        assert_eq!(line, array![3.0]);
    }
}
