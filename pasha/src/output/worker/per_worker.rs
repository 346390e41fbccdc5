//! Accumulators that the caller gets as they are, one for each worker: `#[per_worker]`.

use std::fmt;
use std::ops::Range;

use ndarray::{Dimension, Ix1};

use super::Accumulators;
use super::array::ArrayAccumulators;
use super::bytes::{AccumulatorBytes, BytesOf};
use super::padded::{PaddedAccumulators, padding_pays, step_of};
use super::scalar::ScalarAccumulators;
use crate::array::{Order, SharedArray};
use crate::element::{AlignedBytes, Element, MOST_ALIGNED};
use crate::error::{Error, Result};
use crate::group::wire::Take;
use crate::memory::MappingId;
use crate::output::builders::builders;
use crate::output::slots::OfWorker;
use crate::output::sub_arrays::{SlotShape, SubArrays};
use crate::output::{
    Attached, Backed, OutputSpec, Plan, RankParts, WhatIsKept, check_array, contiguous,
};
use crate::resume::KeptOutput;

/// One array for each worker of the context: the output is `(num_workers, shape…)`.
#[derive(Debug, Clone)]
pub struct PerWorker<A, D> {
    shape: SlotShape<D>,
    fill: Option<A>,
}

builders!(arrays: PerWorker);

impl<A: Element, D: Dimension<Larger: 'static>> OutputSpec for PerWorker<A, D> {
    const KEPT: WhatIsKept = WhatIsKept::OF_WORKERS;

    type Array = SharedArray<A, D::Larger>;
    type Slots = OfWorker<ArrayAccumulators<A, D>>;
    type Attached<'a>
        = AttachedPerWorker<'a, ArrayAccumulators<A, D>>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let workers = plan.all_workers();
        let allocated = self.shape.allocate(workers, self.fill, plan);
        allocated.map_err(|error| error.of_accumulators(workers))
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        self.shape.check(array, plan.all_workers(), name, plan)?;
        if !plan.keep || plan.resumes {
            array.fill_with_copies(self.fill.unwrap_or_else(A::zeroed));
        }
        let arrays = self.shape.open(array, name)?;
        let size = arrays.size();
        let all = ArrayAccumulators(arrays.clone());
        let arrays = arrays.skip_to(plan.first_worker());
        let in_output = ArrayAccumulators(arrays.clone());
        if !(padding_pays::<A>(size, plan) && arrays.is_in_order()) {
            return Ok(AttachedPerWorker::new(in_output, all, array, plan));
        }
        // SAFETY: the accumulators have just been attached for this plan, and have this size.
        let padded = unsafe { PaddedAccumulators::new::<A>(in_output, size, plan) }?;
        let step = step_of::<A>(size) as isize;
        let accumulators = ArrayAccumulators(SubArrays { first: padded.first(), step, ..arrays });
        Ok(AttachedPerWorker::new(accumulators, all, array, plan).with_padded(padded))
    }
}

/// One element for each worker of the context: the output is `(num_workers,)`.
#[derive(Debug, Clone)]
pub struct PerWorkerScalar<A> {
    fill: Option<A>,
}

builders!(elements: PerWorkerScalar);

impl<A: Element> OutputSpec for PerWorkerScalar<A> {
    const KEPT: WhatIsKept = WhatIsKept::OF_WORKERS;

    type Array = SharedArray<A, Ix1>;
    type Slots = OfWorker<ScalarAccumulators<A>>;
    type Attached<'a> = AttachedPerWorker<'a, ScalarAccumulators<A>>;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let shape = Ix1(plan.all_workers());
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
        check_array(array, &Ix1(plan.all_workers()), name, plan)?;
        if !plan.keep || plan.resumes {
            array.fill_with_copies(self.fill.unwrap_or_else(A::zeroed));
        }
        let all = ScalarAccumulators { first: contiguous(array, name)?, step: 1 };
        let first = all.first.wrapping_add(plan.first_worker());
        let in_output = ScalarAccumulators { first, step: 1 };
        if !padding_pays::<A>(1, plan) {
            return Ok(AttachedPerWorker::new(in_output, all, array, plan));
        }
        // SAFETY: the accumulators have just been attached for this plan, and are of one element.
        let padded = unsafe { PaddedAccumulators::new::<A>(in_output, 1, plan) }?;
        let accumulators = ScalarAccumulators { first: padded.first(), step: step_of::<A>(1) };
        Ok(AttachedPerWorker::new(accumulators, all, array, plan).with_padded(padded))
    }
}

/// An array of accumulators attached to a run.
pub struct AttachedPerWorker<'a, W> {
    accumulators: W,
    /// Those of the workers of all ranks, in the array.
    all: W,
    all_workers: usize,
    /// The numbers of the workers here.
    here: Range<usize>,
    // Keeps the array borrowed, so that nobody writes or drops it while workers do.
    array: &'a dyn Backed,
    /// Where the accumulators lie, if not in the array.
    // A box, because attached arrays are moved several times.
    padded: Option<Box<PaddedAccumulators<W>>>,
}

impl<'a, W: Accumulators> AttachedPerWorker<'a, W> {
    fn new<A: 'static, D: Dimension>(
        accumulators: W,
        all: W,
        array: &'a mut SharedArray<A, D>,
        plan: &Plan<'_>,
    ) -> Self {
        let here = plan.first_worker()..plan.first_worker() + plan.num_workers;
        let all_workers = plan.all_workers();
        AttachedPerWorker { accumulators, all, all_workers, here, array, padded: None }
    }

    /// Adds the accumulators of these workers in the array to a message.
    fn pack(&self, workers: &Range<usize>, message: &mut Vec<u8>) {
        let size = self.all.saved_size();
        let mut copy = vec![AlignedBytes::ZERO; size / MOST_ALIGNED];
        for worker_id in workers.clone() {
            // SAFETY: the array has an accumulator of each worker of all ranks, the workers have
            // ended, and the copy is aligned and large enough. Its bytes were zeros, so that what
            // lies behind the elements is set, too.
            let bytes = unsafe {
                self.all.save(worker_id, copy.as_mut_ptr().cast());
                std::slice::from_raw_parts(copy.as_ptr().cast::<u8>(), size)
            };
            message.extend_from_slice(bytes);
        }
    }

    /// Takes the accumulators of these workers, of all ranks, into the array.
    fn unpack(&mut self, workers: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        let size = self.all.saved_size();
        let mut copy = vec![AlignedBytes::ZERO; size / MOST_ALIGNED];
        for worker_id in workers.clone().filter(|&worker_id| worker_id < self.all_workers) {
            let bytes = message.take_exactly(size)?;
            // SAFETY: the array has an accumulator of each worker of all ranks, the workers have
            // ended, and the copy is aligned, and what `pack` has saved elsewhere.
            unsafe {
                copy.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), size);
                self.all.load(worker_id, copy.as_ptr().cast());
            }
        }
        Some(())
    }

    /// Copies accumulators that do not lie in the array to it.
    fn collect(&mut self) {
        if let Some(padded) = self.padded.take() {
            // SAFETY: the workers have ended; the array is still borrowed, for the accumulators in
            // it.
            unsafe { padded.collect() };
        }
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

    fn writable(&self, mappings: &mut Vec<MappingId>) {
        mappings.push(self.array.mapping().id());
        mappings.extend(self.padded.as_ref().map(|padded| padded.mapping_id()));
    }

    fn new_memory(&self, new: &mut Vec<Range<usize>>) {
        new.extend(self.array.mapping().take_new());
    }

    fn kept(&self, outputs: &mut Vec<Option<KeptOutput>>) {
        outputs.push(Some(self.array.kept()));
    }

    fn layouts(&self, layouts: &mut Vec<String>) {
        layouts.push(self.array.layout());
    }

    fn own_accumulators<'s>(&'s self, own: &mut Vec<Box<dyn AccumulatorBytes + 's>>) {
        own.push(Box::new(BytesOf(self.accumulators.clone())));
    }

    fn finish(mut self) -> Result<(), Box<Error>> {
        self.collect();
        Ok(())
    }
}

impl<W: Accumulators> RankParts for AttachedPerWorker<'_, W> {
    fn part(&mut self, message: &mut Vec<u8>) {
        self.collect();
        let here = self.here.clone();
        self.pack(&here, message);
    }

    fn take_part(&mut self, workers: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        self.unpack(workers, message)
    }

    fn total(&self, message: &mut Vec<u8>) {
        self.pack(&(0..self.all_workers), message);
    }

    fn take_total(&mut self, message: &mut &[u8]) -> Option<()> {
        self.unpack(&(0..self.all_workers), message)
    }
}

impl<W> fmt::Debug for AttachedPerWorker<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapping = self.array.mapping();
        f.debug_struct("AttachedPerWorker").field("mapping", mapping).finish_non_exhaustive()
    }
}
