//! The sub-arrays of an array along its first axis, as raw memory, and the shape that they have.

use ndarray::{ArrayViewMut, Axis, Dimension, ShapeBuilder};

use super::{Plan, check_array};
use crate::array::{Order, SharedArray, bytes_of_shape, strides_for};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::Mapping;

/// The shape of each slot of an output that is an array.
///
/// The first axis of the output is always that of the slots, so that a slot's elements lie
/// together; the order is that of the axes within a slot.
#[derive(Debug, Clone)]
pub(super) struct SlotShape<D> {
    pub(super) dim: D,
    pub(super) order: Order,
}

impl<D: Dimension> SlotShape<D> {
    /// Allocates an array of so many slots; without a fill value they are zero.
    pub(super) fn allocate<A: Element>(
        &self,
        count: usize,
        fill: Option<A>,
        plan: &Plan<'_>,
    ) -> Result<SharedArray<A, D::Larger>> {
        let larger = with_leading_axis(count, &self.dim);
        let bytes = bytes_of_shape::<A>(larger.slice())?;
        let strides = match self.dim.size() {
            // Without elements any strides do, and these are those of a contiguous array.
            0 => strides_for(&larger, Order::C),
            size => with_leading_axis(size, &strides_for(&self.dim, self.order)),
        };
        let mapping = Mapping::anonymous(bytes, plan.memory, plan.pages)?;
        let mut array = SharedArray::with_strides(mapping, larger, strides);
        if let Some(value) = fill {
            array.fill_fresh(value);
        }
        Ok(array)
    }

    /// Checks that an array has so many slots, and that the workers of a run can write it.
    pub(super) fn check<A>(
        &self,
        array: &SharedArray<A, D::Larger>,
        count: usize,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<()> {
        check_array(array, &with_leading_axis(count, &self.dim), name, plan)
    }

    /// Opens the slots of an array that has been checked.
    pub(super) fn open<A: Element>(
        &self,
        array: &mut SharedArray<A, D::Larger>,
        name: &str,
    ) -> Result<SubArrays<A, D>> {
        let mut strides = self.dim.clone();
        for (stride, &given) in strides.slice_mut().iter_mut().zip(&array.strides()[1..]) {
            *stride = usize::try_from(given).map_err(|_| Error::NotWritable {
                output: name.to_owned(),
                reason: "an axis was inverted since it was allocated".to_owned(),
            })?;
        }
        let step = array.stride_of(Axis(0));
        Ok(SubArrays { first: array.as_mut_ptr(), step, dim: self.dim.clone(), strides })
    }
}

/// A dimension with one more axis in front, for slots one after another.
fn with_leading_axis<D: Dimension>(len: usize, dim: &D) -> D::Larger {
    let mut larger = dim.insert_axis(Axis(0));
    larger[0] = len;
    larger
}

/// Sub-arrays of one shape, a fixed number of elements apart.
#[derive(Debug)]
pub(super) struct SubArrays<A, D> {
    pub(super) first: *mut A,
    /// Elements from one sub-array to the next; negative where the user has inverted the axis.
    pub(super) step: isize,
    pub(super) dim: D,
    pub(super) strides: D,
}

// SAFETY: sub-arrays stand for views of different places, which may go to any thread if the
// elements may.
unsafe impl<A: Send, D: Send> Send for SubArrays<A, D> {}
// SAFETY: the address alone gives no access; what is made of it does by the contract of `get`.
unsafe impl<A: Send, D: Sync> Sync for SubArrays<A, D> {}

impl<A, D: Clone> Clone for SubArrays<A, D> {
    #[inline(always)]
    fn clone(&self) -> Self {
        SubArrays { dim: self.dim.clone(), strides: self.strides.clone(), ..*self }
    }
}

impl<A, D: Dimension> SubArrays<A, D> {
    /// The sub-array of this number.
    ///
    /// # Safety
    /// There is a sub-array of this number, it outlives the view, and nothing else uses it as long
    /// as the view lives.
    #[inline(always)]
    pub(super) unsafe fn get<'s>(&self, number: usize) -> ArrayViewMut<'s, A, D> {
        let shape = self.dim.clone().strides(self.strides.clone());
        // SAFETY: the caller promises that there is such a sub-array, and that it alone uses it.
        unsafe {
            let first = self.first.offset(number as isize * self.step);
            ArrayViewMut::from_shape_ptr(shape, first)
        }
    }

    /// The sub-arrays from this number on, which is that of one of them, or none is asked for.
    pub(super) fn skip_to(self, number: usize) -> Self {
        let first = self.first.wrapping_offset(number as isize * self.step);
        SubArrays { first, ..self }
    }

    /// The elements of each.
    pub(super) fn size(&self) -> usize {
        self.dim.size()
    }

    /// Elements from the first of a sub-array to behind its last.
    pub(super) fn extent(&self) -> usize {
        let steps = |axis: usize| (self.dim[axis].max(1) - 1) * self.strides[axis];
        1 + (0..self.dim.ndim()).map(steps).sum::<usize>()
    }

    /// Whether the elements of a sub-array lie back to back, in C order.
    pub(super) fn is_in_order(&self) -> bool {
        self.strides == self.dim.default_strides()
    }

    /// Elements from one sub-array to the next, if they lie one behind the other.
    pub(super) fn step_in_order(&self) -> Option<usize> {
        usize::try_from(self.step).ok().filter(|&step| step >= self.extent())
    }
}
