//! One array, merged from one accumulator for each worker.
//!
//! While the map runs there is one accumulator for each worker, a whole number of cache lines
//! apart, so that workers do not slow each other down. They lie in the memory of the result itself,
//! behind its first elements, so that a second run into the same output allocates nothing.

use std::ops::Range;

use ndarray::{ArrayView, Dimension, ShapeBuilder, Zip};

use super::{InitialValues, pack, reset, unpack};
use crate::array::{Order, SharedArray, bytes_of_shape, copy_elements, strides_for};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::{Mapping, MappingId, Pages};
use crate::output::merge::Merge;
use crate::output::slots::OfWorker;
use crate::output::sub_arrays::SubArrays;
use crate::output::worker::array::ArrayAccumulators;
use crate::output::worker::padded::{map_accumulators, step_of};
use crate::output::worker::reduction::{Accumulated, Reduction};
use crate::output::worker::saved::SavedAccumulators;
use crate::output::{
    Attached, OutputSpec, Plan, RankParts, SlotDimension, WhatIsKept, check_array,
};
use crate::resume::KeptOutput;

/// One array, merged from one accumulator for each worker.
#[derive(Debug, Clone)]
pub struct Reduce<A, D, M> {
    dim: D,
    order: Order,
    init: Option<A>,
    merge: M,
    /// Once the merge has been asked.
    start: Option<InitialValues<A>>,
}

impl<A, D: Dimension, M> Reduce<A, D, M> {
    /// Accumulators of this shape.
    pub fn new(shape: impl SlotDimension<D>, merge: M) -> Self {
        Reduce { dim: shape.into_dim(), order: Order::C, init: None, merge, start: None }
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

impl<A: Element, D, M: Merge<A>> Reduce<A, D, M> {
    fn start(&self) -> InitialValues<A> {
        self.start.unwrap_or_else(|| InitialValues::of(&self.merge, self.init))
    }
}

impl<A: Element, D: Dimension + 'static, M: Merge<A>> OutputSpec for Reduce<A, D, M> {
    const KEPT: WhatIsKept = WhatIsKept::BY_BLOCKS;

    type Array = SharedArray<A, D>;
    type Slots = OfWorker<ArrayAccumulators<A, D>>;
    type Attached<'a>
        = AttachedReduce<'a, A, D, M>
    where
        Self: 'a;

    fn prepare(&mut self) {
        self.start = Some(InitialValues::of(&self.merge, self.init));
    }

    fn allocate(&self, plan: &Plan<'_>) -> Result<SharedArray<A, D>> {
        bytes_of_shape::<A>(self.dim.slice())?;
        let plan = match plan.is_to_look_at {
            // Copies of accumulators are merged into the array itself.
            true => Plan { num_workers: 1, pages: Pages::FOR_LOOKS, ..*plan },
            false => *plan,
        };
        let mapping = map_accumulators::<A>(self.dim.size(), &plan)?;
        let mut array = SharedArray::over(mapping, self.dim.clone(), self.order);
        array.fill_fresh(self.start().of_nothing());
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
        let lacks_room = array.mapping().len() < needed || array.mapping().is_file();
        let own = if lacks_room && !plan.is_to_look_at {
            Some(map_accumulators::<A>(self.dim.size(), plan)?)
        } else {
            None
        };
        let mapping = own.as_ref().unwrap_or(array.mapping());
        let attached = AttachedReduce {
            first: mapping.start().cast::<A>().as_ptr(),
            accumulators_in: mapping.id(),
            strides,
            start: self.start(),
            spec: self,
            num_workers: if plan.is_to_look_at { 1 } else { plan.num_workers.max(1) },
            is_merged: false,
            target: array,
            own,
        };
        if !plan.is_to_look_at {
            attached.reset();
        }
        Ok(attached)
    }
}

/// A reduced output during a run: its accumulators, and the array that takes their merge.
#[derive(Debug)]
pub struct AttachedReduce<'a, A: Element, D: Dimension, M> {
    /// The accumulators: `num_workers` times `spec.step()` elements, in `target`'s own mapping or
    /// in `own`.
    first: *mut A,
    /// The mapping that they lie in.
    accumulators_in: MappingId,
    strides: D,
    start: InitialValues<A>,
    spec: &'a Reduce<A, D, M>,
    num_workers: usize,
    /// Whether the first accumulator has all that there is.
    is_merged: bool,
    target: &'a mut SharedArray<A, D>,
    own: Option<Mapping>,
}

impl<A: Element, D: Dimension, M: Merge<A>> AttachedReduce<'_, A, D, M> {
    fn accumulator(&self, worker_id: usize) -> *mut A {
        // Every worker's accumulator lies within the mapping, as `attach` made sure.
        self.first.wrapping_add(worker_id * self.spec.step())
    }

    fn reset(&self) {
        let start = self.start.accumulator;
        for worker_id in 0..self.num_workers {
            // SAFETY: the accumulator lies within the mapping, and no worker has started yet.
            unsafe { reset(self.accumulator(worker_id), self.spec.dim.size(), start) };
        }
    }
}

// SAFETY: `attach` made sure that the mapping, the target's or its own, has room for an accumulator
// of each worker, one step apart; the target stays borrowed mutably.
unsafe impl<A: Element, D: Dimension, M: Merge<A>> Attached for AttachedReduce<'_, A, D, M> {
    type Slots = OfWorker<ArrayAccumulators<A, D>>;

    fn index_slots(&self) {}

    fn accumulators(&self) -> ArrayAccumulators<A, D> {
        ArrayAccumulators(SubArrays {
            first: self.first,
            step: self.spec.step() as isize,
            dim: self.spec.dim.clone(),
            strides: self.strides.clone(),
        })
    }

    fn writable(&self, mappings: &mut Vec<MappingId>) {
        mappings.push(self.accumulators_in);
        mappings.push(self.target.mapping().id());
    }

    // Accumulators have been written, by their reset.
    fn new_memory(&self, _new: &mut Vec<Range<usize>>) {}

    fn kept(&self, outputs: &mut Vec<Option<KeptOutput>>) {
        outputs.push(Some(KeptOutput {
            name: String::new(),
            element: std::any::type_name::<A>().to_owned(),
            shape: self.spec.dim.slice().to_vec(),
            file: None,
        }));
    }

    fn layouts(&self, layouts: &mut Vec<String>) {
        layouts.push(format!("{:?} with strides {:?}", self.spec.dim, self.strides));
    }

    fn reductions<'s>(&'s self, reductions: &mut Vec<Box<dyn Reduction + 's>>) {
        reductions.push(Box::new(Accumulated {
            first: self.first,
            size: self.spec.dim.size(),
            step: self.spec.step(),
            start: self.start.accumulator,
            merge: &self.spec.merge,
        }));
    }

    unsafe fn take_saved(&mut self, saved: SavedAccumulators<'_>) {
        let AttachedReduce { spec, start, target, .. } = self;
        let merge = |one, other| spec.merge.merge(one, other);
        // SAFETY: the caller promises copies of such accumulators, in the standard layout, which
        // nobody writes.
        let mut copies = saved.of_workers().map(|(_, copy)| unsafe {
            ArrayView::from_shape_ptr(spec.dim.clone(), copy.cast::<A>())
        });
        // In one pass for two workers, because large accumulators do not stay in caches.
        match (copies.next(), copies.next()) {
            (None, _) => target.fill_with_copies(start.accumulator),
            (Some(only), None) => copy_elements(&mut target.view_mut(), &only),
            (Some(one), Some(other)) => Zip::from(target.view_mut())
                .and(&one)
                .and(&other)
                .for_each(|total, &one, &other| *total = merge(one, other)),
        }
        for copy in copies {
            Zip::from(target.view_mut())
                .and(&copy)
                .for_each(|total, &part| *total = merge(*total, part));
        }
    }

    fn finish(self) -> Result<(), Box<Error>> {
        // `own` keeps the accumulators mapped to the end, if they do not lie in the target.
        let AttachedReduce { first, strides, start, spec, num_workers, target, own, .. } = self;
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
        if let Some(init) = start.result {
            target.mapv_inplace(|total| spec.merge.merge(init, total));
        }
        Ok(())
    }
}

impl<A: Element, D: Dimension, M: Merge<A>> RankParts for AttachedReduce<'_, A, D, M> {
    fn keep_first(&mut self) {
        self.num_workers = 1;
        self.is_merged = true;
    }

    fn part(&mut self, message: &mut Vec<u8>) {
        let size = self.spec.dim.size();
        for worker_id in 1..self.num_workers {
            let (to, from) = (self.accumulator(0), self.accumulator(worker_id));
            for number in 0..size {
                // SAFETY: both accumulators lie within the mapping, back to back in the same order,
                // and the workers have ended.
                unsafe {
                    let merged = self.spec.merge.merge(*to.add(number), *from.add(number));
                    to.add(number).write(merged);
                }
            }
        }
        self.num_workers = 1;
        self.total(message);
    }

    fn take_part(&mut self, _workers: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        let is_merged = self.is_merged;
        let merge = |one, other| if is_merged { one } else { self.spec.merge.merge(one, other) };
        // SAFETY: the accumulator lies within the mapping and the workers have ended.
        unsafe { unpack(self.accumulator(0), self.spec.dim.size(), message, merge) }
    }

    fn total(&self, message: &mut Vec<u8>) {
        // SAFETY: the accumulator lies within the mapping and the workers have ended.
        unsafe { pack(self.accumulator(0), self.spec.dim.size(), message) };
    }

    fn take_total(&mut self, message: &mut &[u8]) -> Option<()> {
        let size = self.spec.dim.size();
        // SAFETY: the accumulator lies within the mapping and the workers have ended.
        unsafe { unpack(self.accumulator(0), size, message, |_own, total| total) }
    }
}
