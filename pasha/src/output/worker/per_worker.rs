//! Accumulators that the caller gets as they are, one for each worker: `#[per_worker]`.

use std::fmt;
use std::ops::Range;

use ndarray::{Dimension, Ix1};

use super::Accumulators;
use super::array::ArrayAccumulators;
use super::padded::{PaddedAccumulators, padding_pays, step_of};
use super::scalar::ScalarAccumulators;
use crate::array::{Order, SharedArray};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::output::builders::builders;
use crate::output::slots::OfWorker;
use crate::output::sub_arrays::{SlotShape, SubArrays};
use crate::output::{Attached, Backed, OutputSpec, Plan, check_array, contiguous};
use crate::resume::OutputFile;

/// One array for each worker of the context: the output is `(num_workers, shape…)`.
#[derive(Debug, Clone)]
pub struct PerWorker<A, D> {
    shape: SlotShape<D>,
    fill: Option<A>,
}

builders!(arrays: PerWorker);

impl<A: Element, D: Dimension<Larger: 'static>> OutputSpec for PerWorker<A, D> {
    type Array = SharedArray<A, D::Larger>;
    type Slots = OfWorker<ArrayAccumulators<A, D>>;
    type Attached<'a>
        = AttachedPerWorker<'a, ArrayAccumulators<A, D>>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        self.shape.allocate(plan.num_workers, self.fill, plan)
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        self.shape.check(array, plan.num_workers, name, plan)?;
        if !plan.keep {
            array.fill_with_copies(self.fill.unwrap_or_else(A::zeroed));
        }
        let arrays = self.shape.open(array, name)?;
        let size = arrays.size();
        let in_output = ArrayAccumulators(arrays.clone());
        if !(padding_pays::<A>(size, plan) && arrays.is_in_order()) {
            return Ok(AttachedPerWorker::new(in_output, array));
        }
        // SAFETY: the accumulators have just been attached for this plan, and have this size.
        let padded = unsafe { PaddedAccumulators::new::<A>(in_output, size, plan) }?;
        let step = step_of::<A>(size) as isize;
        let accumulators = ArrayAccumulators(SubArrays { first: padded.first(), step, ..arrays });
        Ok(AttachedPerWorker::new(accumulators, array).with_padded(padded))
    }
}

/// One element for each worker of the context: the output is `(num_workers,)`.
#[derive(Debug, Clone)]
pub struct PerWorkerScalar<A> {
    fill: Option<A>,
}

builders!(elements: PerWorkerScalar);

impl<A: Element> OutputSpec for PerWorkerScalar<A> {
    type Array = SharedArray<A, Ix1>;
    type Slots = OfWorker<ScalarAccumulators<A>>;
    type Attached<'a> = AttachedPerWorker<'a, ScalarAccumulators<A>>;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let shape = Ix1(plan.num_workers);
        let mut array = SharedArray::zeros(shape, Order::C, plan.memory, plan.pages)?;
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
        if !plan.keep {
            array.fill_with_copies(self.fill.unwrap_or_else(A::zeroed));
        }
        let in_output = ScalarAccumulators { first: contiguous(array, name)?, step: 1 };
        if !padding_pays::<A>(1, plan) {
            return Ok(AttachedPerWorker::new(in_output, array));
        }
        // SAFETY: the accumulators have just been attached for this plan, and are of one element.
        let padded = unsafe { PaddedAccumulators::new::<A>(in_output, 1, plan) }?;
        let accumulators = ScalarAccumulators { first: padded.first(), step: step_of::<A>(1) };
        Ok(AttachedPerWorker::new(accumulators, array).with_padded(padded))
    }
}

/// An array of accumulators attached to a run.
pub struct AttachedPerWorker<'a, W> {
    accumulators: W,
    // Keeps the array borrowed, so that nobody writes or drops it while workers do.
    array: &'a dyn Backed,
    /// Where the accumulators lie, if not in the array.
    // A box, because attached arrays are moved several times.
    padded: Option<Box<PaddedAccumulators<W>>>,
}

impl<'a, W: Accumulators> AttachedPerWorker<'a, W> {
    fn new<A: 'static, D: Dimension>(accumulators: W, array: &'a mut SharedArray<A, D>) -> Self {
        AttachedPerWorker { accumulators, array, padded: None }
    }

    /// Keeps the memory of accumulators that do not lie in the array.
    fn with_padded(self, padded: PaddedAccumulators<W>) -> Self {
        AttachedPerWorker { padded: Some(Box::new(padded)), ..self }
    }
}

// SAFETY: `AttachedPerWorker::new` is called by specs that checked the array against the plan and
// opened its accumulators, or made others that `padded` keeps; the array was borrowed mutably, so
// that nothing else reads, writes or drops it.
unsafe impl<W: Accumulators> Attached for AttachedPerWorker<'_, W> {
    type Slots = OfWorker<W>;

    fn index_slots(&self) {}

    fn accumulators(&self) -> W {
        self.accumulators.clone()
    }

    fn writable(&self, starts: &mut Vec<usize>) {
        starts.push(self.array.mapping().start().as_ptr() as usize);
        starts.extend(self.padded.as_ref().map(|padded| padded.start()));
    }

    fn new_memory(&self, new: &mut Vec<Range<usize>>) {
        new.extend(self.array.mapping().take_new());
    }

    fn files(&self, files: &mut Vec<Option<OutputFile>>) {
        files.push(self.array.file());
    }

    fn finish(self) -> Result<(), Box<Error>> {
        if let Some(padded) = &self.padded {
            // SAFETY: the workers have ended; the array is still borrowed, for the accumulators in
            // it.
            unsafe { padded.collect() };
        }
        Ok(())
    }
}

impl<W> fmt::Debug for AttachedPerWorker<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapping = self.array.mapping();
        f.debug_struct("AttachedPerWorker").field("mapping", mapping).finish_non_exhaustive()
    }
}
