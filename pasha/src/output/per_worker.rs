//! Outputs with one accumulator for each worker: `#[per_worker(shape = …)]`.

use ndarray::{Dimension, IntoDimension, Ix1};

use super::per_index::{allocate_slots, contiguous, open_slots};
use super::slots::{ArraySlots, EachWorker, WorkerScalars};
use super::{OutputSpec, Plain, Plan, check_array, with_leading_axis};
use crate::array::{Order, SharedArray};
use crate::element::Element;
use crate::error::Result;

/// One array for each worker of the context: the output is `(num_workers, shape…)`.
#[derive(Debug, Clone)]
pub struct PerWorker<A, D> {
    dim: D,
    order: Order,
    fill: Option<A>,
}

impl<A, D: Dimension> PerWorker<A, D> {
    /// Accumulators of this shape, zero at the start of a run.
    pub fn new(shape: impl IntoDimension<Dim = D>) -> Self {
        PerWorker { dim: shape.into_dimension(), order: Order::C, fill: None }
    }

    /// Sets all elements at the start of a run.
    pub fn fill(self, value: A) -> Self {
        PerWorker { fill: Some(value), ..self }
    }

    /// Makes the first axis of an accumulator the contiguous one.
    pub fn fortran(self) -> Self {
        PerWorker { order: Order::F, ..self }
    }
}

impl<A: Element, D: Dimension<Larger: 'static>> OutputSpec for PerWorker<A, D> {
    type Array = SharedArray<A, D::Larger>;
    type Slots = ArraySlots<A, D, EachWorker>;
    type Attached<'a>
        = Plain<'a, Self::Slots>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        allocate_slots(plan.num_workers, &self.dim, self.order, self.fill, plan)
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        check_array(array, &with_leading_axis(plan.num_workers, &self.dim), name, plan)?;
        if !plan.fresh {
            array.fill(self.fill.unwrap_or_else(bytemuck::Zeroable::zeroed));
        }
        let slots = open_slots(array, &self.dim, name)?;
        Ok(Plain::new(slots, array))
    }
}

/// One element for each worker of the context: the output is `(num_workers,)`.
#[derive(Debug, Clone)]
pub struct PerWorkerScalar<A> {
    fill: Option<A>,
}

impl<A> PerWorkerScalar<A> {
    /// Accumulators of one element, zero at the start of a run.
    #[allow(clippy::new_without_default, reason = "called by generated code alone")]
    pub fn new() -> Self {
        PerWorkerScalar { fill: None }
    }

    /// Sets the accumulators at the start of a run.
    pub fn fill(self, value: A) -> Self {
        PerWorkerScalar { fill: Some(value) }
    }
}

impl<A: Element> OutputSpec for PerWorkerScalar<A> {
    type Array = SharedArray<A, Ix1>;
    type Slots = WorkerScalars<A>;
    type Attached<'a>
        = Plain<'a, Self::Slots>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let mut array = SharedArray::zeros(Ix1(plan.num_workers), Order::C, plan.memory, 1)?;
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
        check_array(array, &Ix1(plan.num_workers), name, plan)?;
        if !plan.fresh {
            array.fill(self.fill.unwrap_or_else(bytemuck::Zeroable::zeroed));
        }
        let first = contiguous(array, name)?;
        Ok(Plain::new(WorkerScalars { first, step: 1 }, array))
    }
}
