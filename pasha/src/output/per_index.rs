//! Outputs with one slot for each index: `#[output(shape = …)]` and `#[output] x: &mut A`.

use std::marker::PhantomData;

use ndarray::{Axis, Dimension, IntoDimension, Ix1};

use super::slots::{ArraySlots, EachIndex, IndexScalars, Number};
use super::{OutputSpec, Plain, Plan, check_array, with_leading_axis};
use crate::array::{Order, SharedArray, strides_for};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::Mapping;

/// One array for each index: the output is `(n, shape…)`.
///
/// The first axis is always that of the indices, so that a slot's elements lie together; `fortran`
/// orders the axes within a slot.
#[derive(Debug, Clone)]
pub struct PerIndex<A, D> {
    dim: D,
    order: Order,
    fill: Option<A>,
}

// Without the bound `A: Element`, so that a wrong element is told once, where it is asserted.
impl<A, D: Dimension> PerIndex<A, D> {
    /// Slots of this shape.
    pub fn new(shape: impl IntoDimension<Dim = D>) -> Self {
        PerIndex { dim: shape.into_dimension(), order: Order::C, fill: None }
    }

    /// Sets all elements before a run; without it fresh slots are zero and reused ones keep
    /// what they have.
    pub fn fill(self, value: A) -> Self {
        PerIndex { fill: Some(value), ..self }
    }

    /// Makes the first axis of a slot the contiguous one.
    pub fn fortran(self) -> Self {
        PerIndex { order: Order::F, ..self }
    }
}

/// An array of `len` slots of shape `dim`, one after another, each in `order`.
pub(super) fn allocate_slots<A: Element, D: Dimension>(
    len: usize,
    dim: &D,
    order: Order,
    fill: Option<A>,
    plan: &Plan<'_>,
) -> Result<SharedArray<A, D::Larger>> {
    let larger = with_leading_axis(len, dim);
    let bytes = crate::array::bytes_of_shape::<A>(larger.slice())?;
    let inner = strides_for(dim, order);
    let mut strides = with_leading_axis(dim.size().max(1), &inner);
    if dim.size() == 0 {
        // Without elements any strides do, and these are those of a contiguous array.
        strides = strides_for(&larger, Order::C);
    }
    let mapping = Mapping::anonymous(bytes, plan.memory)?;
    let mut array = SharedArray::with_strides(mapping, larger, strides);
    if let Some(value) = fill {
        array.fill_fresh(value);
    }
    Ok(array)
}

/// Opens the sub-arrays of `array` along its first axis as slots of shape `dim`.
pub(super) fn open_slots<A: Element, D: Dimension, N: Number>(
    array: &mut SharedArray<A, D::Larger>,
    dim: &D,
    name: &str,
) -> Result<ArraySlots<A, D, N>> {
    let mut strides = dim.clone();
    for (stride, &given) in strides.slice_mut().iter_mut().zip(&array.strides()[1..]) {
        *stride = usize::try_from(given).map_err(|_| Error::NotWritable {
            output: name.to_owned(),
            reason: "an axis was inverted since it was allocated".to_owned(),
        })?;
    }
    Ok(ArraySlots {
        first: array.as_mut_ptr(),
        step: array.stride_of(Axis(0)),
        dim: dim.clone(),
        strides,
        number: PhantomData,
    })
}

impl<A: Element, D: Dimension<Larger: 'static>> OutputSpec for PerIndex<A, D> {
    type Array = SharedArray<A, D::Larger>;
    type Slots = ArraySlots<A, D, EachIndex>;
    type Attached<'a>
        = Plain<'a, Self::Slots>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        allocate_slots(plan.len, &self.dim, self.order, self.fill, plan)
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        check_array(array, &with_leading_axis(plan.len, &self.dim), name, plan)?;
        if let (Some(value), false) = (self.fill, plan.fresh) {
            array.fill(value);
        }
        let slots = open_slots(array, &self.dim, name)?;
        Ok(Plain::new(slots, array))
    }
}

/// One element for each index: the output is `(n,)`.
#[derive(Debug, Clone)]
pub struct PerIndexScalar<A> {
    fill: Option<A>,
}

impl<A> PerIndexScalar<A> {
    /// Slots of one element.
    #[allow(clippy::new_without_default, reason = "called by generated code alone")]
    pub fn new() -> Self {
        PerIndexScalar { fill: None }
    }

    /// Sets all elements before a run.
    pub fn fill(self, value: A) -> Self {
        PerIndexScalar { fill: Some(value) }
    }
}

impl<A: Element> OutputSpec for PerIndexScalar<A> {
    type Array = SharedArray<A, Ix1>;
    type Slots = IndexScalars<A>;
    type Attached<'a>
        = Plain<'a, Self::Slots>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let mut array = SharedArray::zeros(Ix1(plan.len), Order::C, plan.memory, 1)?;
        if let Some(value) = self.fill {
            array.fill_fresh(value);
        }
        Ok(array)
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        check_array(array, &Ix1(plan.len), name, plan)?;
        if let (Some(value), false) = (self.fill, plan.fresh) {
            array.fill(value);
        }
        let first = contiguous(array, name)?;
        Ok(Plain::new(IndexScalars(first), array))
    }
}

/// The first element of an array whose elements lie back to back, in order.
pub(super) fn contiguous<A: Element, D: Dimension>(
    array: &mut SharedArray<A, D>,
    name: &str,
) -> Result<*mut A> {
    if !array.is_standard_layout() {
        return Err(Error::NotWritable {
            output: name.to_owned(),
            reason: "its axes were changed since it was allocated, so its elements do not lie \
                     back to back"
                .to_owned(),
        });
    }
    Ok(array.as_mut_ptr())
}
