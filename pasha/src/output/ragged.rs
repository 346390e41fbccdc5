//! Outputs whose slots have a length of their own: `#[output(ragged = …)]`.
//!
//! The lengths are found by a first pass over the items, in the same context; their prefix sums
//! are the offsets at which the slots lie, back to back.

use std::io;

use ndarray::Ix1;

use super::per::contiguous;
use super::slots::RaggedSlots;
use super::{OutputSpec, Plain, Plan, check_memory};
use crate::array::{Order, RaggedArray, SharedArray};
use crate::element::Element;
use crate::error::{Error, Result};

/// One slot of its own length for each index.
#[derive(Debug, Clone)]
pub struct Ragged<A> {
    column: usize,
    fill: Option<A>,
}

impl<A> Ragged<A> {
    /// Slots whose lengths are in this column of the lengths that the first pass finds.
    pub fn new(column: usize) -> Self {
        Ragged { column, fill: None }
    }

    /// Sets all elements before a run.
    pub fn fill(self, value: A) -> Self {
        Ragged { fill: Some(value), ..self }
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
            Error::Alloc { bytes, kind, source } => {
                let text = format!(
                    "{source}; the longest slot of this ragged output is slot {index}, with {len} elements"
                );
                Error::Alloc { bytes, kind, source: io::Error::new(source.kind(), text) }
            }
            error => error,
        }
    }

    /// The lengths of this output's slots.
    fn lengths(&self, plan: &Plan<'_>) -> impl Iterator<Item = usize> {
        plan.lengths.map(|lengths| lengths.column(self.column)).into_iter().flatten().copied()
    }
}

impl<A: Element> OutputSpec for Ragged<A> {
    type Array = RaggedArray<A>;
    type Slots = RaggedSlots<A>;
    type Attached<'a>
        = Plain<'a, Self::Slots>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<RaggedArray<A>> {
        let mut offsets =
            SharedArray::<usize, Ix1>::zeros(Ix1(plan.len + 1), Order::C, plan.memory, plan.pages)?;
        let mut end = 0_usize;
        for (offset, len) in offsets.iter_mut().skip(1).zip(self.lengths(plan)) {
            end = end.checked_add(len).ok_or_else(|| self.too_long(plan))?;
            *offset = end;
        }
        let values = SharedArray::zeros(Ix1(end), Order::C, plan.memory, plan.pages);
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
        let (offsets, values) = array.parts_mut();
        check_memory(values.memory(), name, plan)?;
        let given = offsets.windows(2).map(|pair| pair[1] - pair[0]);
        if offsets.len() != plan.len + 1 || !given.clone().eq(self.lengths(plan)) {
            return Err(Error::ShapeMismatch {
                output: name.to_owned(),
                given: given.collect(),
                needed: self.lengths(plan).collect(),
            });
        }
        if let (Some(value), false) = (self.fill, plan.keep) {
            values.fill_with_copies(value);
        }
        let offsets = offsets.as_ptr();
        let first = contiguous(values, name)?;
        let fill = self.fill.unwrap_or_else(A::zeroed);
        Ok(Plain::new(RaggedSlots { first, offsets, fill }, values))
    }
}
