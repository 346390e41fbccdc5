//! What a kernel call gets of its outputs: slots, by the owner of their memory.
//!
//! A slot belongs to an index ([`IndexSlots`]) or, as an accumulator, to a worker
//! ([`Accumulators`]). The outputs of a kernel are a list of both kinds; [`Slots`] splits the list
//! by owner, and puts the slots of one call together again, in the order of the outputs.

use std::ops::Range;

use super::index::IndexSlots;
use super::position::SlotPosition;
use super::worker::Accumulators;

/// Whose slots go into a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackedOutputs {
    /// Those of all outputs.
    All,
    /// Those of outputs that lie in no file.
    InMemory,
}

/// The raw access to an output, or to a list of outputs, by the owner of the memory.
///
/// It is a type without values: it says what belongs together.
pub trait Slots {
    /// The slots that belong to indices; `()` if there are none.
    type Index: IndexSlots;

    /// The accumulators, which belong to workers; `()` if there are none.
    type Worker: Accumulators;

    /// What the kernel's parameter gets.
    type Slot<'s>;

    /// The slot of one call.
    ///
    /// # Safety
    /// As for `IndexSlots::slot` at the index, and as for `Accumulators::slot` of the worker,
    /// whose local copies `local` are.
    unsafe fn slot<'s>(
        index: &Self::Index,
        accumulators: &Self::Worker,
        at: SlotPosition,
        local: &'s mut <Self::Worker as Accumulators>::Local,
    ) -> Self::Slot<'s>;

    /// Adds what the slots of these indices hold to a message.
    ///
    /// # Safety
    /// As for `IndexSlots::pack`; and what the slots point to is there.
    unsafe fn pack(
        _index: &Self::Index,
        _accumulators: &Self::Worker,
        _indices: &Range<usize>,
        _of: PackedOutputs,
        _message: &mut Vec<u8>,
    ) {
    }

    /// Takes what `pack` has added, of the same kernel and shapes, from a message; `None` if it is
    /// too short.
    ///
    /// # Safety
    /// As for `IndexSlots::unpack`; one thread at a time calls it.
    unsafe fn unpack(
        _index: &Self::Index,
        _accumulators: &Self::Worker,
        _indices: &Range<usize>,
        _of: PackedOutputs,
        _message: &mut &[u8],
    ) -> Option<()> {
        Some(())
    }
}

/// An output whose slots belong to indices.
#[derive(Debug)]
pub struct OfIndex<S>(S);

/// An output whose slots belong to workers.
#[derive(Debug)]
pub struct OfWorker<W>(W);

impl<S: IndexSlots> Slots for OfIndex<S> {
    type Index = S;
    type Worker = ();
    type Slot<'s> = S::Slot<'s>;

    #[inline(always)]
    unsafe fn slot<'s>(index: &S, (): &(), at: SlotPosition, (): &'s mut ()) -> S::Slot<'s> {
        // SAFETY: the caller promises what the slots of an index ask for.
        unsafe { index.slot(at.index) }
    }

    unsafe fn pack(
        index: &S,
        (): &(),
        indices: &Range<usize>,
        of: PackedOutputs,
        message: &mut Vec<u8>,
    ) {
        if of == PackedOutputs::All || index.lies_in_memory() {
            // SAFETY: the caller promises what the slots of these indices ask for.
            unsafe { index.pack(indices, message) };
        }
    }

    unsafe fn unpack(
        index: &S,
        (): &(),
        indices: &Range<usize>,
        of: PackedOutputs,
        message: &mut &[u8],
    ) -> Option<()> {
        if of == PackedOutputs::InMemory && !index.lies_in_memory() {
            return Some(());
        }
        // SAFETY: the caller promises what the slots of these indices ask for.
        unsafe { index.unpack(indices, message) }
    }
}

impl<W: Accumulators> Slots for OfWorker<W> {
    type Index = ();
    type Worker = W;
    type Slot<'s> = W::Slot<'s>;

    #[inline(always)]
    unsafe fn slot<'s>(
        (): &(),
        accumulators: &W,
        at: SlotPosition,
        local: &'s mut W::Local,
    ) -> W::Slot<'s> {
        // SAFETY: the caller promises what the accumulators of a worker ask for.
        unsafe { accumulators.slot(at.worker_id, local) }
    }
}

impl Slots for () {
    type Index = ();
    type Worker = ();
    type Slot<'s> = ();

    #[inline(always)]
    unsafe fn slot((): &(), (): &(), _at: SlotPosition, (): &mut ()) {}
}

impl<A: Slots, B: Slots> Slots for (A, B) {
    type Index = (A::Index, B::Index);
    type Worker = (A::Worker, B::Worker);
    type Slot<'s> = (A::Slot<'s>, B::Slot<'s>);

    #[inline(always)]
    unsafe fn slot<'s>(
        index: &Self::Index,
        accumulators: &Self::Worker,
        at: SlotPosition,
        local: &'s mut <Self::Worker as Accumulators>::Local,
    ) -> Self::Slot<'s> {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            (
                A::slot(&index.0, &accumulators.0, at, &mut local.0),
                B::slot(&index.1, &accumulators.1, at, &mut local.1),
            )
        }
    }

    unsafe fn pack(
        index: &Self::Index,
        accumulators: &Self::Worker,
        indices: &Range<usize>,
        of: PackedOutputs,
        message: &mut Vec<u8>,
    ) {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            A::pack(&index.0, &accumulators.0, indices, of, message);
            B::pack(&index.1, &accumulators.1, indices, of, message);
        }
    }

    unsafe fn unpack(
        index: &Self::Index,
        accumulators: &Self::Worker,
        indices: &Range<usize>,
        of: PackedOutputs,
        message: &mut &[u8],
    ) -> Option<()> {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            A::unpack(&index.0, &accumulators.0, indices, of, message)?;
            B::unpack(&index.1, &accumulators.1, indices, of, message)
        }
    }
}
