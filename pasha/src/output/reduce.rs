//! Outputs that are accumulated by each worker and merged after the map: `#[reduce(…)]`.
//!
//! While the map runs there is one accumulator for each worker, a whole number of cache lines
//! apart, so that workers do not slow each other down. They lie in the memory of the result itself,
//! behind its first elements, so that a second run into the same output allocates nothing.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayView, ArrayViewMut, Dimension, IntoDimension, Ix1, ShapeBuilder, Zip};

use super::apart::{map_accumulators, step_of};
use super::merge::Merge;
use super::slots::{ArraySlots, EachWorker, WorkerScalars};
use super::{Attached, OutputSpec, Plan, check_array};
use crate::array::{
    Order, SharedArray, bytes_of_shape, copy_elements, fill_with_copies, strides_for,
};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::Mapping;
use crate::resume::OutputFile;

/// One array, merged from one accumulator for each worker.
#[derive(Debug, Clone)]
pub struct Reduce<A, D, M> {
    dim: D,
    order: Order,
    init: Option<A>,
    merge: M,
}

impl<A, D: Dimension, M> Reduce<A, D, M> {
    /// Accumulators of this shape.
    pub fn new(shape: impl IntoDimension<Dim = D>, merge: M) -> Self {
        Reduce { dim: shape.into_dimension(), order: Order::C, init: None, merge }
    }

    /// What the result starts from. For a merge of the user's it is the neutral element.
    pub fn init(self, value: A) -> Self {
        Reduce { init: Some(value), ..self }
    }

    /// Makes the first axis the contiguous one.
    pub fn fortran(self) -> Self {
        Reduce { order: Order::F, ..self }
    }

    /// Elements from one accumulator to the next.
    fn step(&self) -> usize {
        step_of::<A>(self.dim.size())
    }
}

/// What an accumulator starts with: the neutral element.
fn start_of<A: Element, M: Merge<A>>(merge: &M, init: Option<A>) -> A {
    merge.neutral().or(init).unwrap_or_else(bytemuck::Zeroable::zeroed)
}

/// Sets all elements of an accumulator from its start.
///
/// # Safety
/// The pointer is valid for writes of `size` elements that nothing else uses meanwhile.
unsafe fn reset<A: Element>(first: *mut A, size: usize, start: A) {
    // SAFETY: as the caller promises.
    fill_with_copies(&mut unsafe { ArrayViewMut::from_shape_ptr(Ix1(size), first) }, start);
}

impl<A: Element, D: Dimension + 'static, M: Merge<A>> OutputSpec for Reduce<A, D, M> {
    type Array = SharedArray<A, D>;
    type Slots = ArraySlots<A, D, EachWorker>;
    type Attached<'a>
        = AttachedReduce<'a, A, D, M>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<SharedArray<A, D>> {
        bytes_of_shape::<A>(self.dim.slice())?;
        let mapping = map_accumulators::<A>(self.dim.size(), plan)?;
        let mut array = SharedArray::over(mapping, self.dim.clone(), self.order);
        array.fill_fresh(self.init.unwrap_or_else(|| start_of(&self.merge, None)));
        Ok(array)
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut SharedArray<A, D>,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        check_array(array, &self.dim, name, plan)?;
        let strides = strides_for(&self.dim, self.order);
        let as_allocated = array.as_ptr().cast() == array.mapping().start().as_ptr().cast_const()
            && array
                .strides()
                .iter()
                .zip(strides.slice())
                .zip(self.dim.slice())
                .all(|((&given, &needed), &len)| len <= 1 || given == needed as isize);
        if !as_allocated {
            return Err(Error::NotWritable {
                output: name.to_owned(),
                reason: "its axes were changed since it was allocated".to_owned(),
            });
        }
        let needed = bytes_of_shape::<A>(&[plan.num_workers.max(1), self.step()])?;
        // A file, or an array that another kernel made, has room for itself alone.
        let own = if array.mapping().len() < needed || array.mapping().is_file() {
            Some(map_accumulators::<A>(self.dim.size(), plan)?)
        } else {
            None
        };
        let mapping = own.as_ref().unwrap_or(array.mapping());
        let attached = AttachedReduce {
            first: mapping.start().cast::<A>().as_ptr(),
            start: mapping.start().as_ptr() as usize,
            strides,
            spec: self,
            num_workers: plan.num_workers.max(1),
            target: array,
            own,
        };
        attached.reset();
        Ok(attached)
    }
}

/// A reduced output during a run: its accumulators, and the array that takes their merge.
#[derive(Debug)]
pub struct AttachedReduce<'a, A: Element, D: Dimension, M> {
    /// The accumulators: `num_workers` times `spec.step()` elements, in `target`'s own mapping or
    /// in `own`.
    first: *mut A,
    start: usize,
    strides: D,
    spec: &'a Reduce<A, D, M>,
    num_workers: usize,
    target: &'a mut SharedArray<A, D>,
    own: Option<Mapping>,
}

impl<A: Element, D: Dimension, M: Merge<A>> AttachedReduce<'_, A, D, M> {
    fn accumulator(&self, worker_id: usize) -> *mut A {
        // Every worker's accumulator lies within the mapping, as `attach` made sure.
        self.first.wrapping_add(worker_id * self.spec.step())
    }

    fn reset(&self) {
        let start = start_of(&self.spec.merge, self.spec.init);
        for worker_id in 0..self.num_workers {
            // SAFETY: the accumulator lies within the mapping, and no worker has started yet.
            unsafe { reset(self.accumulator(worker_id), self.spec.dim.size(), start) };
        }
    }
}

// SAFETY: `attach` made sure that the mapping, the target's or its own, has room for an accumulator
// of each worker, one step apart; the target stays borrowed mutably.
unsafe impl<A: Element, D: Dimension, M: Merge<A>> Attached for AttachedReduce<'_, A, D, M> {
    type Slots = ArraySlots<A, D, EachWorker>;

    fn slots(&self) -> Self::Slots {
        ArraySlots {
            first: self.first,
            step: self.spec.step() as isize,
            dim: self.spec.dim.clone(),
            strides: self.strides.clone(),
            fill: A::zeroed(),
            is_filled: false,
            number: PhantomData,
        }
    }

    fn writable(&self, starts: &mut Vec<usize>) {
        starts.push(self.start);
        starts.push(self.target.mapping().start().as_ptr() as usize);
    }

    // Accumulators have been written, by their reset.
    fn new_memory(&self, _new: &mut Vec<Range<usize>>) {}

    fn files(&self, files: &mut Vec<Option<OutputFile>>) {
        files.push(None);
    }

    fn finish(self) {
        // `own` keeps the accumulators mapped to the end, if they do not lie in the target.
        let AttachedReduce { first, strides, spec, num_workers, target, own, .. } = self;
        let part = |worker_id: usize| {
            let shape = spec.dim.clone().strides(strides.clone());
            let first = first.wrapping_add(worker_id * spec.step()).cast_const();
            // SAFETY: the accumulator lies within the mapping and the workers have ended. The
            // first, if it lies in the target, is never made a view while the target is written.
            unsafe { ArrayView::from_shape_ptr(shape, first) }
        };
        if own.is_some() {
            copy_elements(&mut target.view_mut(), &part(0));
        }
        for worker_id in 1..num_workers {
            Zip::from(target.view_mut())
                .and(&part(worker_id))
                .for_each(|total, &part| *total = spec.merge.merge(*total, part));
        }
        // A built-in merge has a neutral element, so what the user starts from enters once.
        if let (Some(_), Some(init)) = (spec.merge.neutral(), spec.init) {
            target.mapv_inplace(|total| spec.merge.merge(init, total));
        }
    }
}

/// One value, merged from one accumulator for each worker.
#[derive(Debug, Clone)]
pub struct ReduceScalar<A, M> {
    init: Option<A>,
    merge: M,
}

impl<A, M> ReduceScalar<A, M> {
    /// Accumulators of one element.
    pub fn new(merge: M) -> Self {
        ReduceScalar { init: None, merge }
    }

    /// What the result starts from. For a merge of the user's it is the neutral element.
    pub fn init(self, value: A) -> Self {
        ReduceScalar { init: Some(value), ..self }
    }
}

impl<A: Element, M: Merge<A>> OutputSpec for ReduceScalar<A, M> {
    type Array = A;
    type Slots = WorkerScalars<A>;
    type Attached<'a>
        = AttachedScalar<'a, A, M>
    where
        Self: 'a;

    fn allocate(&self, _plan: &Plan<'_>) -> Result<A> {
        Ok(self.init.unwrap_or_else(|| start_of(&self.merge, None)))
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
            spec: self,
            num_workers: plan.num_workers.max(1),
            target,
        };
        let start = start_of(&self.merge, self.init);
        for worker_id in 0..attached.num_workers {
            // SAFETY: the accumulator lies within the mapping, and no worker has started yet.
            unsafe { reset(attached.accumulator(worker_id), 1, start) };
        }
        Ok(attached)
    }
}

/// A reduced value during a run.
#[derive(Debug)]
pub struct AttachedScalar<'a, A, M> {
    accumulators: Mapping,
    spec: &'a ReduceScalar<A, M>,
    num_workers: usize,
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
    type Slots = WorkerScalars<A>;

    fn slots(&self) -> Self::Slots {
        WorkerScalars { first: self.accumulator(0), step: step_of::<A>(1) }
    }

    fn writable(&self, starts: &mut Vec<usize>) {
        starts.push(self.accumulators.start().as_ptr() as usize);
    }

    // Accumulators have been written, by their reset.
    fn new_memory(&self, _new: &mut Vec<Range<usize>>) {}

    fn files(&self, files: &mut Vec<Option<OutputFile>>) {
        files.push(None);
    }

    fn finish(self) {
        // SAFETY: the accumulators lie within the mapping and the workers have ended.
        let mut parts = (0..self.num_workers).map(|id| unsafe { *self.accumulator(id) });
        let merge = |a, b| self.spec.merge.merge(a, b);
        let total = parts.by_ref().reduce(merge);
        let total = match (self.spec.merge.neutral(), self.spec.init) {
            (Some(_), Some(init)) => total.map(|total| merge(init, total)),
            _ => total,
        };
        if let Some(total) = total {
            *self.target = total;
        }
    }
}
