//! An array attached to a run whose slots belong to indices.

use std::fmt;
use std::ops::Range;

use ndarray::Dimension;

use super::IndexSlots;
use crate::array::SharedArray;
use crate::error::{Error, Result};
use crate::memory::MappingId;
use crate::output::slots::OfIndex;
use crate::output::{Attached, Backed, RankParts};
use crate::resume::KeptOutput;

/// An array attached to a run whose slots belong to indices.
pub struct AttachedSlots<'a, S> {
    slots: S,
    // Keeps the array borrowed, so that nobody writes or drops it while workers do.
    array: &'a dyn Backed,
}

impl<'a, S: IndexSlots> AttachedSlots<'a, S> {
    pub(super) fn new<A: 'static, D: Dimension>(
        slots: S,
        array: &'a mut SharedArray<A, D>,
    ) -> Self {
        AttachedSlots { slots, array }
    }
}

// SAFETY: `AttachedSlots::new` is called by specs that checked the array against the plan and
// opened its slots; the array was borrowed mutably, so that nothing else reads, writes or drops it.
unsafe impl<S: IndexSlots> Attached for AttachedSlots<'_, S> {
    type Slots = OfIndex<S>;

    fn index_slots(&self) -> S {
        self.slots.clone()
    }

    fn accumulators(&self) {}

    fn writable(&self, mappings: &mut Vec<MappingId>) {
        mappings.push(self.array.mapping().id());
    }

    #[inline(always)]
    fn new_memory(&self, new: &mut Vec<Range<usize>>) {
        // `extend` is a call, which most maps would make for nothing.
        if let Some(range) = self.array.mapping().take_new() {
            new.push(range);
        }
    }

    fn lies_in_memory(&self) -> bool {
        self.slots.lies_in_memory()
    }

    fn kept(&self, outputs: &mut Vec<Option<KeptOutput>>) {
        let is_kept = |kept: &KeptOutput| kept.file.is_some() || self.slots.lies_in_memory();
        outputs.push(Some(self.array.kept()).filter(is_kept));
    }

    fn layouts(&self, layouts: &mut Vec<String>) {
        layouts.push(self.array.layout());
    }

    #[inline(always)]
    fn finish(self) -> Result<(), Box<Error>> {
        Ok(())
    }
}

impl<S: IndexSlots> RankParts for AttachedSlots<'_, S> {}

impl<S> fmt::Debug for AttachedSlots<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapping = self.array.mapping();
        f.debug_struct("AttachedSlots").field("mapping", mapping).finish_non_exhaustive()
    }
}
