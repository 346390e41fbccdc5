//! Outputs: how they are allocated, handed to the workers slot by slot, and finished.
//!
//! An output *spec* says what a parameter or return value asks for, a shape and a fill value. From
//! it comes the *array* that the caller gets. For a run the array is *attached*: checked against
//! the run, reset where the kernel counts on it, and opened as raw [`Slots`](slots::Slots) for
//! the workers. After the run it is finished: accumulators are merged.

mod apart;
pub(crate) mod list;
pub mod merge;
pub(crate) mod per;
mod plan;
pub(crate) mod position;
pub(crate) mod ragged;
pub(crate) mod reduce;
pub(crate) mod returned;
pub(crate) mod set;
pub(crate) mod slots;

use std::ops::Range;

use ndarray::Dimension;

use apart::Apart;

use crate::array::SharedArray;
use crate::error::{Error, Result};
use crate::memory::{Mapping, Memory};
use crate::resume::OutputFile;
pub(crate) use plan::Plan;
use slots::Slots;

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

/// An array attached to a run; it borrows the array until the run is over.
///
/// # Safety
/// For as long as the value lives, its slots must be valid for all indices and workers of the plan
/// that it was attached for, nothing else may use the memory that they give, and `writable` must
/// name the mapping of all of it.
pub unsafe trait Attached {
    /// Raw access for the workers.
    type Slots: Slots;

    /// Raw access for the workers, valid as long as `self`.
    fn slots(&self) -> Self::Slots;

    /// Adds the start addresses of the mappings that workers write.
    fn writable(&self, starts: &mut Vec<usize>);

    /// Adds the addresses of mappings that are written for the first time, of which huge pages
    /// are to be made.
    fn new_memory(&self, new: &mut Vec<Range<usize>>);

    /// Adds, for each output, the file that it lies in, if it does.
    fn files(&self, files: &mut Vec<Option<OutputFile>>);

    /// Makes the array what the caller gets, after the last worker has ended.
    fn finish(self);
}

/// An attached array whose slots are what the caller gets.
pub struct Plain<'a, S> {
    slots: S,
    // Keeps the array borrowed, so that nobody writes or drops it while workers do.
    array: &'a dyn Backed,
    /// Where the slots lie, if not in the array.
    // A box, because few slots do, and attached arrays are moved several times.
    apart: Option<Box<Apart<S>>>,
}

impl<'a, S: Slots> Plain<'a, S> {
    pub(crate) fn new<A, D: Dimension>(slots: S, array: &'a mut SharedArray<A, D>) -> Self {
        Plain { slots, array, apart: None }
    }

    /// Has workers write other slots than those of the array, to which they are copied in the end.
    pub(self) fn with_apart(self, slots: S, apart: Apart<S>) -> Self {
        Plain { slots, apart: Some(Box::new(apart)), ..self }
    }
}

// SAFETY: `Plain::new` is called by specs that checked the array against the plan and opened its
// slots; the array was borrowed mutably, so that nothing else reads, writes or drops it.
unsafe impl<S: Slots> Attached for Plain<'_, S> {
    type Slots = S;

    fn slots(&self) -> S {
        self.slots.clone()
    }

    fn writable(&self, starts: &mut Vec<usize>) {
        starts.push(self.array.mapping().start().as_ptr() as usize);
        starts.extend(self.apart.as_ref().map(|apart| apart.start()));
    }

    fn new_memory(&self, new: &mut Vec<Range<usize>>) {
        new.extend(self.array.mapping().take_new());
    }

    fn files(&self, files: &mut Vec<Option<OutputFile>>) {
        files.push(self.array.file());
    }

    fn finish(self) {
        if let Some(apart) = &self.apart {
            // SAFETY: the workers have ended; the array is still borrowed, for the slots in it.
            unsafe { apart.collect() };
        }
    }
}

impl<S> std::fmt::Debug for Plain<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plain").field("mapping", self.array.mapping()).finish_non_exhaustive()
    }
}

/// An array of any elements and shape, as memory.
trait Backed {
    fn mapping(&self) -> &Mapping;

    /// The file that it lies in.
    fn file(&self) -> Option<OutputFile>;
}

impl<A: 'static, D: Dimension> Backed for SharedArray<A, D> {
    fn mapping(&self) -> &Mapping {
        SharedArray::mapping(self)
    }

    fn file(&self) -> Option<OutputFile> {
        SharedArray::mapping(self).file_identity().map(|file| OutputFile {
            name: String::new(),
            element: std::any::type_name::<A>().to_owned(),
            shape: self.shape().to_vec(),
            file: file.clone(),
        })
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
        return Err(Error::ShapeMismatch {
            output: name.to_owned(),
            given: array.shape().to_vec(),
            needed: needed.slice().to_vec(),
        });
    }
    check_memory(array.memory(), name, plan)
}

/// Checks that the workers of a run can write memory of this kind.
#[inline]
pub(crate) fn check_memory(memory: Memory, name: &str, plan: &Plan<'_>) -> Result<()> {
    if plan.memory == Memory::Shared && memory == Memory::Private {
        return Err(Error::NotWritable {
            output: name.to_owned(),
            reason: "it lies in memory private to this process, and forked workers would write \
                     into copies of their own"
                .to_owned(),
        });
    }
    Ok(())
}

/// A dimension with one more axis in front, for slots one after another.
pub(crate) fn with_leading_axis<D: Dimension>(len: usize, dim: &D) -> D::Larger {
    use ndarray::Axis;
    let mut larger = dim.insert_axis(Axis(0));
    larger[0] = len;
    larger
}
