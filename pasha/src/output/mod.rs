//! Outputs: how they are allocated, handed to the workers, and finished.
//!
//! An output *spec* says what a parameter or return value asks for, a shape and a fill value. From
//! it comes the *array* that the caller gets. For a run the array is *attached*: checked against
//! the run, reset where the kernel counts on it, and opened as raw memory for the workers. After
//! the run it is finished: accumulators are merged.
//!
//! The memory belongs to an index ([`index`]: slots, each written by whoever runs the index) or to
//! a worker ([`worker`]: accumulators), or is appended to by a worker for an index ([`pushed`]).
//! [`slots`] puts them together for a call of the kernel.

mod builders;
pub(crate) mod index;
mod kept;
pub(crate) mod list;
pub mod merge;
pub(crate) mod pack;
mod plan;
pub(crate) mod position;
pub(crate) mod pushed;
pub(crate) mod several;
mod shape;
pub(crate) mod slots;
mod sub_arrays;
pub(crate) mod worker;

use std::ops::Range;

use ndarray::Dimension;

use crate::array::SharedArray;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::{Mapping, MappingId, Memory};
use crate::resume::KeptOutput;
pub(crate) use kept::WhatIsKept;
pub(crate) use plan::{Numbering, Plan};
pub use shape::SlotDimension;
use slots::Slots;
use worker::{AccumulatorBytes, Accumulators, Reduction, SavedAccumulators};

/// What an output parameter or return value asks for.
pub trait OutputSpec: Sync {
    /// What the caller gets.
    type Array: 'static;

    /// Raw access for the workers.
    type Slots: Slots;

    /// The array, attached to a run.
    type Attached<'a>: Attached<Slots = Self::Slots>
    where
        Self: 'a;

    /// What is left of the array after a crash.
    const KEPT: WhatIsKept = WhatIsKept::IN_FILES;

    /// Asks what code of the user's has to say, which might answer otherwise the next time.
    fn prepare(&mut self) {}

    /// Allocates the array, filled.
    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array>;

    /// Checks the array against the run and opens it for the workers.
    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>>;
}

/// How what workers accumulated is merged over several ranks, or has been in a tree.
///
/// Outputs that belong to an index have nothing to do here.
pub trait RankParts {
    /// Has the first worker's accumulators alone count, into which all others were merged, those of
    /// other ranks included.
    fn keep_first(&mut self) {}

    /// Adds what the workers here have accumulated to a message, merged into one where it is
    /// reduced, after the last of them has ended.
    fn part(&mut self, _message: &mut Vec<u8>) {}

    /// Takes in what the workers of another rank have accumulated, whose numbers are these; `None`
    /// if the message is too short.
    fn take_part(&mut self, _workers: &Range<usize>, _message: &mut &[u8]) -> Option<()> {
        Some(())
    }

    /// Adds what the workers of all ranks have accumulated to a message.
    fn total(&self, _message: &mut Vec<u8>) {}

    /// Takes what the workers of all ranks have accumulated; `None` if the message is too short.
    fn take_total(&mut self, _message: &mut &[u8]) -> Option<()> {
        Some(())
    }
}

/// An array attached to a run; it borrows the array until the run is over.
///
/// # Safety
/// For as long as the value lives, its slots and accumulators must be valid for all indices and
/// workers of the plan that it was attached for, nothing else may use the memory that they give,
/// and `writable` must name the mapping of all of it.
pub unsafe trait Attached: RankParts {
    /// Raw access for the workers.
    type Slots: Slots;

    /// Whether the array, attached again with `Plan::keep`, has slots as they were at its last
    /// finish.
    const KEEPS_SLOTS: bool = true;

    /// The slots of indices, valid as long as `self`.
    fn index_slots(&self) -> <Self::Slots as Slots>::Index;

    /// The accumulators of workers, valid as long as `self`.
    fn accumulators(&self) -> <Self::Slots as Slots>::Worker;

    /// Adds the mappings that workers write.
    fn writable(&self, mappings: &mut Vec<MappingId>);

    /// Adds the addresses of mappings that are written for the first time, of which huge pages
    /// are to be made.
    fn new_memory(&self, new: &mut Vec<Range<usize>>);

    /// Whether there are slots that lie in memory alone, so that a job keeps them in a journal.
    fn lies_in_memory(&self) -> bool {
        false
    }

    /// Adds, for each output, what is left of it after a crash, if something is.
    fn kept(&self, outputs: &mut Vec<Option<KeptOutput>>);

    /// Adds what has to be the same on all ranks that map together: shapes and strides.
    fn layouts(&self, layouts: &mut Vec<String>);

    /// Adds the accumulators that are merged, so that they can be while workers run.
    fn reductions<'s>(&'s self, _reductions: &mut Vec<Box<dyn Reduction + 's>>) {}

    /// Adds the accumulators that are not merged, so that they can be saved while workers run.
    fn own_accumulators<'s>(&'s self, _own: &mut Vec<Box<dyn AccumulatorBytes + 's>>) {}

    /// Takes what these copies have as what the workers have accumulated, in an array that was
    /// attached to be looked at.
    ///
    /// # Safety
    /// Accumulators of the same outputs and shapes have made the copies, which nobody writes
    /// meanwhile, and the array was attached for all workers that made them; nobody else uses its
    /// accumulators.
    unsafe fn take_saved(&mut self, saved: SavedAccumulators<'_>) {
        let accumulators = self.accumulators();
        for (worker_id, copy) in saved.of_workers() {
            // SAFETY: the caller promises that the copy was made of accumulators like these, for a
            // worker that they were attached for, and that nobody else uses either.
            unsafe { accumulators.load(worker_id, copy) };
        }
    }

    /// Makes the array what the caller gets, after the last worker has ended.
    ///
    /// # Errors
    /// [`Error::Alloc`] if that takes memory that can't be had; in a box, because handing on a
    /// whole error takes longer than all the rest, also where there is none.
    fn finish(self) -> Result<(), Box<Error>>;
}

/// An array of any elements and shape, as memory.
trait Backed {
    fn mapping(&self) -> &Mapping;

    /// Its shape and strides, as text.
    fn layout(&self) -> String;

    /// What it is, and the file that it lies in, if it does.
    fn kept(&self) -> KeptOutput;
}

impl<A: 'static, D: Dimension> Backed for SharedArray<A, D> {
    fn mapping(&self) -> &Mapping {
        SharedArray::mapping(self)
    }

    fn layout(&self) -> String {
        format!("{:?} with strides {:?}", self.shape(), self.strides())
    }

    fn kept(&self) -> KeptOutput {
        KeptOutput {
            name: String::new(),
            element: std::any::type_name::<A>().to_owned(),
            shape: self.shape().to_vec(),
            file: SharedArray::mapping(self).file_identity().cloned(),
        }
    }
}

/// Checks that an array has the shape that a run needs and that its workers can write it.
#[inline]
pub(crate) fn check_array<A, D: Dimension>(
    array: &SharedArray<A, D>,
    needed: &D,
    name: &str,
    plan: &Plan<'_>,
) -> Result<()> {
    if array.shape() != needed.slice() {
        return Err(shape_mismatch(name, array.shape(), needed.slice()));
    }
    check_memory(array.memory(), name, plan)
}

/// Checks that the workers of a run can write memory of this kind.
#[inline]
pub(crate) fn check_memory(memory: Memory, name: &str, plan: &Plan<'_>) -> Result<()> {
    if plan.memory == Memory::Shared && memory == Memory::Private {
        return Err(not_writable(
            name,
            "it lies in memory private to this process, and forked workers would write into \
             copies of their own",
        ));
    }
    Ok(())
}

/// The first element of an array whose elements lie back to back, in order.
#[inline]
fn contiguous<A: Element, D: Dimension>(
    array: &mut SharedArray<A, D>,
    name: &str,
) -> Result<*mut A> {
    if !array.is_standard_layout() {
        return Err(not_writable(
            name,
            "its axes were changed since it was allocated, so its elements do not lie back to back",
        ));
    }
    Ok(array.as_mut_ptr())
}

// Errors are made apart, without types of elements, so that they are compiled once.
#[cold]
fn shape_mismatch(name: &str, given: &[usize], needed: &[usize]) -> Error {
    Error::ShapeMismatch { output: name.to_owned(), given: given.to_vec(), needed: needed.to_vec() }
}

#[cold]
fn not_writable(name: &str, reason: &str) -> Error {
    Error::NotWritable { output: name.to_owned(), reason: reason.to_owned() }
}
