//! Outputs whose slots have a length of their own: `#[output(ragged = …)]`.
//!
//! The lengths are found by a first pass over the items, in the same context; their prefix sums
//! are the offsets at which the slots lie, back to back.

use std::io;
use std::ops::Range;

use ndarray::{ArrayViewMut, Ix1};

use super::{AttachedSlots, IndexSlots, Staged, address, pack_elements, unpack_elements};
use crate::array::{Order, RaggedArray, SharedArray, ValuesOf, fill_with_copies};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::output::slots::OfIndex;
use crate::output::{OutputSpec, Plan, WhatIsKept, check_memory, contiguous};

/// One slot of its own length for each index.
#[derive(Debug, Clone)]
pub struct RaggedOfLengths<A> {
    column: usize,
    fill: Option<A>,
}

impl<A> RaggedOfLengths<A> {
    /// Slots whose lengths are in this column of the lengths that the first pass finds.
    pub fn new(column: usize) -> Self {
        RaggedOfLengths { column, fill: None }
    }

    /// Sets all elements before a run.
    pub fn fill(self, value: A) -> Self {
        RaggedOfLengths { fill: Some(value), ..self }
    }

    /// The longest slot, which is to blame where memory does not do for all, and its length.
    fn longest(&self, plan: &Plan<'_>) -> (usize, usize) {
        let longer = |a: (usize, usize), b: (usize, usize)| if b.1 > a.1 { b } else { a };
        self.lengths(plan).enumerate().reduce(longer).unwrap_or_default()
    }

    #[cold]
    fn too_long(&self, plan: &Plan<'_>) -> Error {
        let (index, len) = self.longest(plan);
        Error::Argument {
            argument: format!("the length of slot {index} of a ragged output"),
            value: len.to_string(),
            advice: format!(
                "no other of its {} slots is longer, and together they are larger than the address \
                 space, with elements of {} bytes: give shorter slots, or map over fewer items at a \
                 time",
                plan.len,
                size_of::<A>()
            ),
        }
    }

    #[cold]
    fn not_allocated(&self, plan: &Plan<'_>, error: Error) -> Error {
        let (index, len) = self.longest(plan);
        match error {
            Error::ShapeOverflow { .. } => self.too_long(plan),
            Error::Alloc { bytes, kind, accumulators, source } => {
                let text = format!(
                    "{source}; the longest slot of this ragged output is slot {index}, with {len} elements"
                );
                Error::Alloc {
                    bytes,
                    kind,
                    accumulators,
                    source: io::Error::new(source.kind(), text),
                }
            }
            error => error,
        }
    }

    /// Checks that slots with these offsets are as long as the run needs.
    fn check_lengths(&self, offsets: &[usize], name: &str, plan: &Plan<'_>) -> Result<()> {
        let output = name.to_owned();
        let given = offsets.windows(2).map(|pair| pair[1] - pair[0]);
        let mut both = given.zip(self.lengths(plan)).enumerate();
        match both.find(|(_, (given, needed))| given != needed) {
            None => Ok(()),
            Some((index, (given, needed))) => {
                Err(Error::SlotLengthMismatch { output, index, given, needed })
            }
        }
    }

    /// The number of values of all slots.
    fn total(&self, plan: &Plan<'_>) -> Result<usize> {
        let total = self.lengths(plan).try_fold(0, usize::checked_add);
        total.ok_or_else(|| self.too_long(plan))
    }

    /// The lengths of this output's slots.
    fn lengths(&self, plan: &Plan<'_>) -> impl Iterator<Item = usize> + Clone {
        let column = plan.first_column + self.column;
        plan.lengths.map(|lengths| lengths.column(column)).into_iter().flatten().copied()
    }
}

impl<A: Element> OutputSpec for RaggedOfLengths<A> {
    type Array = RaggedArray<A>;
    type Slots = OfIndex<RaggedSlots<A>>;
    type Attached<'a> = AttachedSlots<'a, RaggedSlots<A>>;

    const KEPT: WhatIsKept = WhatIsKept::IN_MEMORY;

    fn allocate(&self, plan: &Plan<'_>) -> Result<RaggedArray<A>> {
        let mut offsets =
            SharedArray::<usize, Ix1>::zeros(Ix1(plan.len + 1), Order::C, plan.memory, plan.pages)?;
        let total = self.total(plan)?;
        let mut end = 0;
        for (offset, len) in offsets.iter_mut().skip(1).zip(self.lengths(plan)) {
            end += len;
            *offset = end;
        }
        let values = SharedArray::zeros(Ix1(total), Order::C, plan.memory, plan.pages);
        let mut values = values.map_err(|error| self.not_allocated(plan, error))?;
        if let Some(value) = self.fill {
            values.fill_fresh(value);
        }
        Ok(RaggedArray::new(offsets, values))
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut RaggedArray<A>,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        if array.len() != plan.len {
            let (given, needed) = (vec![array.len()], vec![plan.len]);
            return Err(Error::ShapeMismatch { output: name.to_owned(), given, needed });
        }
        if array.takes_lengths() {
            self.total(plan)?;
            let of = if plan.resumes { ValuesOf::TheJob } else { ValuesOf::ANewMap };
            array.resize(self.lengths(plan), of, plan.memory, plan.pages)?;
        }
        let (offsets, values) = array.parts_mut();
        check_memory(values.memory(), name, plan)?;
        self.check_lengths(offsets, name, plan)?;
        if let (Some(value), false) = (self.fill, plan.keep) {
            values.fill_with_copies(value);
        }
        let offsets = offsets.as_ptr();
        let first = contiguous(values, name)?;
        let fill = self.fill.unwrap_or_else(A::zeroed);
        let lies_in_memory = !values.is_file_backed();
        Ok(AttachedSlots::new(RaggedSlots { first, offsets, fill, lies_in_memory }, values))
    }
}

/// Slots of a length of their own for each index, back to back.
#[derive(Debug)]
pub struct RaggedSlots<A> {
    first: *mut A,
    /// One more offset than there are indices, rising.
    offsets: *const usize,
    fill: A,
    lies_in_memory: bool,
}

// SAFETY: slots stand for views of different places, which may go to any thread if the elements
// may; the offsets are plain numbers.
unsafe impl<A: Send> Send for RaggedSlots<A> {}
// SAFETY: the address alone gives no access; slots do by the contract of `slot`, nobody writes the
// offsets during a map, and sharing the fill value is sharing a plain value.
unsafe impl<A: Send + Sync> Sync for RaggedSlots<A> {}

impl<A: Copy> Clone for RaggedSlots<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        RaggedSlots { ..*self }
    }
}

// SAFETY: slots are `offsets[i]..offsets[i + 1]` of rising offsets, which do not overlap.
unsafe impl<A: Element> IndexSlots for RaggedSlots<A> {
    const COUNT: usize = 1;

    type Slot<'s> = ArrayViewMut<'s, A, Ix1>;

    #[inline(always)]
    unsafe fn slot<'s>(&self, index: usize) -> ArrayViewMut<'s, A, Ix1> {
        // SAFETY: there is one offset more than indices, they rise, the last is the number of
        // values, nobody writes them during the map, and the caller alone has the index.
        unsafe {
            let start = *self.offsets.add(index);
            let end = *self.offsets.add(index + 1);
            ArrayViewMut::from_shape_ptr(Ix1(end - start), self.first.add(start))
        }
    }

    fn lies_in_memory(&self) -> bool {
        self.lies_in_memory
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        // SAFETY: there is one offset more than indices, and the caller promises that these are
        // indices.
        let (start, end) =
            unsafe { (*self.offsets.add(indices.start), *self.offsets.add(indices.end)) };
        visit(address(self.first, start)..address(self.first, end));
    }

    #[inline(always)]
    unsafe fn reset(&self, index: usize) {
        // SAFETY: the caller alone has the index, and no other slot of it is alive.
        fill_with_copies(&mut unsafe { self.slot(index) }, self.fill);
    }

    unsafe fn pack(&self, indices: &Range<usize>, message: &mut Vec<u8>) {
        // SAFETY: there is one offset more than indices, which rise; and nobody writes the slots of
        // these indices meanwhile.
        unsafe {
            let start = *self.offsets.add(indices.start);
            let len = *self.offsets.add(indices.end) - start;
            pack_elements(self.first.add(start), len, message);
        }
    }

    unsafe fn unpack(&self, indices: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        // SAFETY: there is one offset more than indices, which rise; the caller alone has these
        // indices; and the first pass has found the same lengths in all processes.
        unsafe {
            let start = *self.offsets.add(indices.start);
            let len = *self.offsets.add(indices.end) - start;
            unpack_elements(self.first.add(start), len, message)
        }
    }
}

impl<A: Element> Staged for RaggedSlots<A> {
    unsafe fn staged(&self, first: usize, _items: usize, _buffer: *mut u8) -> Self {
        // SAFETY: there is one offset more than indices, and values are found by their offsets.
        RaggedSlots { offsets: unsafe { self.offsets.add(first) }, ..self.clone() }
    }
}
