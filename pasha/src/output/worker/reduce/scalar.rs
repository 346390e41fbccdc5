//! One value, merged from one accumulator for each worker.

use std::ops::Range;

use super::{InitialValues, pack, reset, unpack};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::{Mapping, MappingId};
use crate::output::merge::Merge;
use crate::output::slots::OfWorker;
use crate::output::worker::padded::{map_accumulators, step_of};
use crate::output::worker::reduction::{Accumulated, Reduction};
use crate::output::worker::scalar::ScalarAccumulators;
use crate::output::{Attached, OutputSpec, Plan, RankParts, WhatIsKept};
use crate::resume::KeptOutput;

/// One value, merged from one accumulator for each worker.
#[derive(Debug, Clone)]
pub struct ReduceScalar<A, M> {
    init: Option<A>,
    merge: M,
    /// Once the merge has been asked.
    start: Option<InitialValues<A>>,
}

impl<A, M> ReduceScalar<A, M> {
    /// Accumulators of one element.
    pub fn new(merge: M) -> Self {
        ReduceScalar { init: None, merge, start: None }
    }

    /// What the result starts from. For a merge of the user's it is the neutral element.
    pub fn init(self, value: A) -> Self {
        ReduceScalar { init: Some(value), ..self }
    }
}

impl<A: Element, M: Merge<A>> ReduceScalar<A, M> {
    fn start(&self) -> InitialValues<A> {
        self.start.unwrap_or_else(|| InitialValues::of(&self.merge, self.init))
    }
}

impl<A: Element, M: Merge<A>> OutputSpec for ReduceScalar<A, M> {
    const KEPT: WhatIsKept = WhatIsKept::BY_BLOCKS;

    type Array = A;
    type Slots = OfWorker<ScalarAccumulators<A>>;
    type Attached<'a>
        = AttachedScalar<'a, A, M>
    where
        Self: 'a;

    fn prepare(&mut self) {
        self.start = Some(InitialValues::of(&self.merge, self.init));
    }

    fn allocate(&self, _plan: &Plan<'_>) -> Result<A> {
        Ok(self.start().of_nothing())
    }

    fn attach<'a>(
        &'a self,
        target: &'a mut A,
        _name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        let accumulators = map_accumulators::<A>(1, plan)?;
        let attached = AttachedScalar {
            accumulators,
            start: self.start(),
            spec: self,
            num_workers: plan.num_workers.max(1),
            is_merged: false,
            target,
        };
        for worker_id in 0..attached.num_workers {
            // SAFETY: the accumulator lies within the mapping, and no worker has started yet.
            unsafe { reset(attached.accumulator(worker_id), 1, attached.start.accumulator) };
        }
        Ok(attached)
    }
}

/// A reduced value during a run.
#[derive(Debug)]
pub struct AttachedScalar<'a, A, M> {
    accumulators: Mapping,
    start: InitialValues<A>,
    spec: &'a ReduceScalar<A, M>,
    num_workers: usize,
    /// Whether the first accumulator has all that there is.
    is_merged: bool,
    target: &'a mut A,
}

impl<A: Element, M> AttachedScalar<'_, A, M> {
    fn accumulator(&self, worker_id: usize) -> *mut A {
        let first = self.accumulators.start().cast::<A>().as_ptr();
        first.wrapping_add(worker_id * step_of::<A>(1))
    }
}

// SAFETY: the mapping is its own and was made with room for an accumulator of each worker, one step
// apart.
unsafe impl<A: Element, M: Merge<A>> Attached for AttachedScalar<'_, A, M> {
    type Slots = OfWorker<ScalarAccumulators<A>>;

    fn index_slots(&self) {}

    fn accumulators(&self) -> ScalarAccumulators<A> {
        ScalarAccumulators { first: self.accumulator(0), step: step_of::<A>(1) }
    }

    fn writable(&self, mappings: &mut Vec<MappingId>) {
        mappings.push(self.accumulators.id());
    }

    // Accumulators have been written, by their reset.
    fn new_memory(&self, _new: &mut Vec<Range<usize>>) {}

    fn kept(&self, outputs: &mut Vec<Option<KeptOutput>>) {
        outputs.push(Some(KeptOutput {
            name: String::new(),
            element: std::any::type_name::<A>().to_owned(),
            shape: Vec::new(),
            file: None,
        }));
    }

    fn layouts(&self, layouts: &mut Vec<String>) {
        layouts.push("[]".to_owned());
    }

    fn reductions<'s>(&'s self, reductions: &mut Vec<Box<dyn Reduction + 's>>) {
        reductions.push(Box::new(Accumulated {
            first: self.accumulator(0),
            size: 1,
            step: step_of::<A>(1),
            start: self.start.accumulator,
            merge: &self.spec.merge,
        }));
    }

    fn finish(self) -> Result<(), Box<Error>> {
        // SAFETY: the accumulators lie within the mapping and the workers have ended.
        let mut parts = (0..self.num_workers).map(|id| unsafe { *self.accumulator(id) });
        let merge = |a, b| self.spec.merge.merge(a, b);
        let total = parts.by_ref().reduce(merge);
        let total = match self.start.result {
            Some(init) => total.map(|total| merge(init, total)),
            None => total,
        };
        if let Some(total) = total {
            *self.target = total;
        }
        Ok(())
    }
}

impl<A: Element, M: Merge<A>> RankParts for AttachedScalar<'_, A, M> {
    fn keep_first(&mut self) {
        self.num_workers = 1;
        self.is_merged = true;
    }

    fn part(&mut self, message: &mut Vec<u8>) {
        for worker_id in 1..self.num_workers {
            // SAFETY: the accumulators lie within the mapping and the workers have ended.
            unsafe {
                let merged =
                    self.spec.merge.merge(*self.accumulator(0), *self.accumulator(worker_id));
                self.accumulator(0).write(merged);
            }
        }
        self.num_workers = 1;
        self.total(message);
    }

    fn take_part(&mut self, _workers: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        let is_merged = self.is_merged;
        let merge = |one, other| if is_merged { one } else { self.spec.merge.merge(one, other) };
        // SAFETY: the accumulator lies within the mapping and the workers have ended.
        unsafe { unpack(self.accumulator(0), 1, message, merge) }
    }

    fn total(&self, message: &mut Vec<u8>) {
        // SAFETY: the accumulator lies within the mapping and the workers have ended.
        unsafe { pack(self.accumulator(0), 1, message) };
    }

    fn take_total(&mut self, message: &mut &[u8]) -> Option<()> {
        // SAFETY: the accumulator lies within the mapping and the workers have ended.
        unsafe { unpack(self.accumulator(0), 1, message, |_own, total| total) }
    }
}
