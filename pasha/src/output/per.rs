//! Outputs with one slot for each index, `#[output]`, or for each worker, `#[per_worker]`.
//!
//! They differ in nothing but the number that picks the slot, how many of them there are, and
//! whether they begin anew with every run.

use std::marker::PhantomData;

use ndarray::{Axis, Dimension, IntoDimension, Ix1};

use super::apart::{Apart, step_of};
use super::slots::{ArraySlots, EachIndex, EachWorker, IndexScalars, Number, Slots, WorkerScalars};
use super::{OutputSpec, Plain, Plan, check_array, with_leading_axis};
use crate::array::{Order, SharedArray, bytes_of_shape, strides_for};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::Mapping;

/// One array for each index: the output is `(n, shape…)`.
pub type PerIndex<A, D> = ArrayPer<A, D, EachIndex>;

/// One element for each index: the output is `(n,)`.
pub type PerIndexScalar<A> = ScalarPer<A, EachIndex>;

/// One array for each worker of the context: the output is `(num_workers, shape…)`.
pub type PerWorker<A, D> = ArrayPer<A, D, EachWorker>;

/// One element for each worker of the context: the output is `(num_workers,)`.
pub type PerWorkerScalar<A> = ScalarPer<A, EachWorker>;

/// What slots are for: indices or workers.
pub trait Per: Number {
    /// Slots of one element each.
    type Scalars<A: Element>: Slots;

    /// The number of slots.
    fn count(plan: &Plan<'_>) -> usize;

    /// Opens an array of one element for each slot; those of workers may lie `step` elements apart.
    fn open<A: Element>(first: *mut A, step: usize, fill: Option<A>) -> Self::Scalars<A>;

    /// What slots that are used again are set to, if to anything.
    fn reset<A: Element>(fill: Option<A>) -> Option<A>;
}

impl Per for EachIndex {
    type Scalars<A: Element> = IndexScalars<A>;

    fn count(plan: &Plan<'_>) -> usize {
        plan.len
    }

    fn open<A: Element>(first: *mut A, _step: usize, fill: Option<A>) -> IndexScalars<A> {
        IndexScalars { first, fill: fill.unwrap_or_else(A::zeroed), is_filled: fill.is_some() }
    }

    /// Without a fill value they keep what they have: the kernel writes them.
    fn reset<A: Element>(fill: Option<A>) -> Option<A> {
        fill
    }
}

impl Per for EachWorker {
    type Scalars<A: Element> = WorkerScalars<A>;

    fn count(plan: &Plan<'_>) -> usize {
        plan.num_workers
    }

    fn open<A: Element>(first: *mut A, step: usize, _fill: Option<A>) -> WorkerScalars<A> {
        WorkerScalars { first, step }
    }

    /// An accumulator begins anew with every run.
    fn reset<A: Element>(fill: Option<A>) -> Option<A> {
        Some(fill.unwrap_or_else(A::zeroed))
    }
}

/// One array for each index or worker.
///
/// The first axis of the output is always that of the slots, so that a slot's elements lie
/// together; `fortran` orders the axes within a slot.
#[derive(Debug, Clone)]
pub struct ArrayPer<A, D, N> {
    dim: D,
    order: Order,
    fill: Option<A>,
    number: PhantomData<fn() -> N>,
}

// Without the bound `A: Element`, so that a wrong element is told once, where it is asserted.
impl<A, D: Dimension, N> ArrayPer<A, D, N> {
    /// Slots of this shape.
    pub fn new(shape: impl IntoDimension<Dim = D>) -> Self {
        let dim = shape.into_dimension();
        ArrayPer { dim, order: Order::C, fill: None, number: PhantomData }
    }

    /// Sets all elements before a run; without it fresh slots are zero.
    pub fn fill(self, value: A) -> Self {
        ArrayPer { fill: Some(value), ..self }
    }

    /// Makes the first axis of a slot the contiguous one.
    pub fn fortran(self) -> Self {
        ArrayPer { order: Order::F, ..self }
    }
}

impl<A: Element, D: Dimension<Larger: 'static>, N: Per> OutputSpec for ArrayPer<A, D, N> {
    type Array = SharedArray<A, D::Larger>;
    type Slots = ArraySlots<A, D, N>;
    type Attached<'a>
        = Plain<'a, Self::Slots>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let larger = with_leading_axis(N::count(plan), &self.dim);
        let bytes = bytes_of_shape::<A>(larger.slice())?;
        let strides = match self.dim.size() {
            // Without elements any strides do, and these are those of a contiguous array.
            0 => strides_for(&larger, Order::C),
            size => with_leading_axis(size, &strides_for(&self.dim, self.order)),
        };
        let mapping = Mapping::anonymous(bytes, plan.memory, plan.pages)?;
        let mut array = SharedArray::with_strides(mapping, larger, strides);
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
        check_array(array, &with_leading_axis(N::count(plan), &self.dim), name, plan)?;
        if let (Some(value), false) = (N::reset(self.fill), plan.keep) {
            array.fill_with_copies(value);
        }
        let slots: Self::Slots = open_arrays(array, &self.dim, self.fill, name)?;
        let size = self.dim.size();
        let plain = Plain::new(slots.clone(), array);
        if !(Apart::<Self::Slots>::is_worth_it::<A>(size, plan) && slots.is_in_order()) {
            return Ok(plain);
        }
        // SAFETY: the slots have just been attached for this plan, and have this size.
        let apart = unsafe { Apart::new::<A>(slots.clone(), size, plan) }?;
        let slots = ArraySlots { first: apart.first(), step: step_of::<A>(size) as isize, ..slots };
        Ok(plain.with_apart(slots, apart))
    }
}

/// Opens the sub-arrays of `array` along its first axis as slots of shape `dim`.
fn open_arrays<A: Element, D: Dimension, N: Number>(
    array: &mut SharedArray<A, D::Larger>,
    dim: &D,
    fill: Option<A>,
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
        fill: fill.unwrap_or_else(A::zeroed),
        is_filled: fill.is_some(),
        number: PhantomData,
    })
}

/// One element for each index or worker.
#[derive(Debug, Clone)]
pub struct ScalarPer<A, N> {
    fill: Option<A>,
    number: PhantomData<fn() -> N>,
}

impl<A, N> ScalarPer<A, N> {
    /// Slots of one element.
    #[allow(clippy::new_without_default, reason = "called by generated code alone")]
    pub fn new() -> Self {
        ScalarPer { fill: None, number: PhantomData }
    }

    /// Sets all elements before a run; without it fresh slots are zero.
    pub fn fill(self, value: A) -> Self {
        ScalarPer { fill: Some(value), ..self }
    }
}

impl<A: Element, N: Per> OutputSpec for ScalarPer<A, N> {
    type Array = SharedArray<A, Ix1>;
    type Slots = N::Scalars<A>;
    type Attached<'a>
        = Plain<'a, Self::Slots>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let mut array = SharedArray::zeros(Ix1(N::count(plan)), Order::C, plan.memory, plan.pages)?;
        if let Some(value) = self.fill {
            array.fill_fresh(value);
        }
        Ok(array)
    }

    // What it gives is large: returned through memory it takes longer than to be made.
    #[inline(always)]
    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        check_array(array, &Ix1(N::count(plan)), name, plan)?;
        if let (Some(value), false) = (N::reset(self.fill), plan.keep) {
            array.fill_with_copies(value);
        }
        let slots = N::open(contiguous(array, name)?, 1, self.fill);
        let plain = Plain::new(slots.clone(), array);
        if !Apart::<Self::Slots>::is_worth_it::<A>(1, plan) {
            return Ok(plain);
        }
        // SAFETY: the slots have just been attached for this plan, and are of one element.
        let apart = unsafe { Apart::new::<A>(slots, 1, plan) }?;
        let slots = N::open(apart.first(), step_of::<A>(1), self.fill);
        Ok(plain.with_apart(slots, apart))
    }
}

/// The first element of an array whose elements lie back to back, in order.
#[inline]
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
