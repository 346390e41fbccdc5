//! The slot of a call: where its values will lie, and the arena that they are pushed into.

use std::marker::PhantomData;
use std::ops::Range;

use super::arenas::ArenaSlots;
use super::handle::{Ragged, SizedRagged, ValuesOfIndex};
use crate::element::Element;
use crate::output::index::{IndexSlots, ScalarSlots};
use crate::output::position::SlotPosition;
use crate::output::slots::{PackedOutputs, Slots};

/// The slots of an output into which the kernel pushes: of an index by where its values lie, of a
/// worker by its arena.
#[derive(Debug)]
pub struct PushedSlots<A>(PhantomData<A>);

impl<A: Element> Slots for PushedSlots<A> {
    type Index = ScalarSlots<usize, ValuesOfIndex>;
    type Worker = ArenaSlots<A>;
    type Slot<'s> = &'s mut Ragged<A>;

    #[inline(always)]
    unsafe fn slot<'s>(
        index: &Self::Index,
        arenas: &ArenaSlots<A>,
        at: SlotPosition,
        local: &'s mut SizedRagged<A>,
    ) -> &'s mut Ragged<A> {
        // SAFETY: the caller promises to be the worker, and alone with the index.
        unsafe {
            let entry = index.slot(at.index);
            *local = arenas.begin(at.worker_id, entry);
        }
        local
    }

    unsafe fn pack(
        index: &Self::Index,
        arenas: &ArenaSlots<A>,
        indices: &Range<usize>,
        _of: PackedOutputs,
        message: &mut Vec<u8>,
    ) {
        for index_of in indices.clone() {
            // SAFETY: the caller promises that nobody writes the slots of these indices, so that
            // their entries say where the values lie that were pushed.
            unsafe {
                let &mut entry = index.slot(index_of);
                arenas.pack(entry, message);
            }
        }
    }

    unsafe fn unpack(
        index: &Self::Index,
        arenas: &ArenaSlots<A>,
        indices: &Range<usize>,
        _of: PackedOutputs,
        message: &mut &[u8],
    ) -> Option<()> {
        for index_of in indices.clone() {
            // SAFETY: the caller has these indices alone, and is the only one that receives.
            unsafe { *index.slot(index_of) = arenas.unpack(message)? };
        }
        Some(())
    }
}
