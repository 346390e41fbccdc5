//! Pushed slots attached to a run, and how they become one array.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Range;

use ndarray::Ix1;

use super::arenas::{ArenaSlots, Arenas};
use super::handle::ValuesOfIndex;
use super::slots::PushedSlots;
use crate::array::{Order, RaggedArray, SharedArray, ValuesOf};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::{MappingId, Memory, Pages};
use crate::output::index::ScalarSlots;
use crate::output::{Attached, Plan, RankParts};
use crate::resume::KeptOutput;

/// A ragged array attached to a run whose kernel pushes into it.
pub struct AttachedPushed<'a, A: 'static> {
    array: &'a mut RaggedArray<A>,
    arenas: Arenas,
    entries: SharedArray<ValuesOfIndex, Ix1>,
    slots: ScalarSlots<usize, ValuesOfIndex>,
    /// Of what is allocated for the caller.
    memory: Memory,
    pages: Pages,
}

impl<'a, A: Element> AttachedPushed<'a, A> {
    /// Attaches an array, with empty arenas of elements `A`.
    pub(super) fn new(
        array: &'a mut RaggedArray<A>,
        arenas: Arenas,
        plan: &Plan<'_>,
    ) -> Result<Self> {
        let (memory, pages) = (plan.memory, plan.pages);
        let mut entries = SharedArray::zeros(Ix1(plan.len), Order::C, memory, pages)?;
        let first = entries.as_mut_ptr();
        let slots = ScalarSlots { first, fill: [0; 2], is_filled: true, element: PhantomData };
        Ok(AttachedPushed { array, arenas, entries, slots, memory, pages })
    }
}

// SAFETY: `new` made an entry for each index of the plan and an arena for each worker, which live
// as long as this and which nothing else knows.
unsafe impl<A: Element> Attached for AttachedPushed<'_, A> {
    type Slots = PushedSlots<A>;
    // The values lie in arenas that are made anew.
    const KEEPS_SLOTS: bool = false;

    fn index_slots(&self) -> ScalarSlots<usize, ValuesOfIndex> {
        self.slots.clone()
    }

    fn accumulators(&self) -> ArenaSlots<A> {
        self.arenas.slots()
    }

    fn writable(&self, mappings: &mut Vec<MappingId>) {
        mappings.push(self.entries.mapping().id());
        mappings.extend(self.arenas.mapping_ids());
    }

    fn new_memory(&self, new: &mut Vec<Range<usize>>) {
        new.extend(self.entries.mapping().take_new());
    }

    fn lies_in_memory(&self) -> bool {
        true
    }

    fn kept(&self, outputs: &mut Vec<Option<KeptOutput>>) {
        outputs.push(Some(KeptOutput {
            name: String::new(),
            element: std::any::type_name::<A>().to_owned(),
            shape: vec![self.array.len()],
            file: None,
        }));
    }

    fn layouts(&self, layouts: &mut Vec<String>) {
        layouts.push(format!("[{}]", self.array.len()));
    }

    fn finish(self) -> Result<(), Box<Error>> {
        let (memory, pages) = (self.memory, self.pages);
        let lengths = self.entries.iter().map(|&[_, len]| len);
        let resized = self.array.resize(lengths.clone(), ValuesOf::ANewMap, memory, pages);
        let no_file = resized.map(drop).err().map(in_memory_instead);
        let mut rest = match no_file {
            None => self.array.values_mut().into_slice().unwrap_or_default(),
            Some(_) => self.array.resize_in_memory(lengths, memory, pages)?,
        };
        for &[start, len] in &self.entries {
            let (slot, behind) = rest.split_at_mut(len);
            // SAFETY: the arenas were made for these elements, and the workers have ended.
            slot.copy_from_slice(unsafe { self.arenas.values(start..start + len) });
            rest = behind;
        }
        no_file.map_or(Ok(()), |error| Err(Box::new(error)))
    }
}

/// Says where the values are that could not be put into their file.
#[cold]
fn in_memory_instead(error: Error) -> Error {
    match error {
        Error::File { action, path, source } => {
            let text = format!("{source}; the output has its values in memory instead");
            Error::File { action, path, source: io::Error::new(source.kind(), text) }
        }
        error => error,
    }
}

impl<A: Element> RankParts for AttachedPushed<'_, A> {}

impl<A> fmt::Debug for AttachedPushed<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachedPushed").field("arenas", &self.arenas).finish_non_exhaustive()
    }
}
