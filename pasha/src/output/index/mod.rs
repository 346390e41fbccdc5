//! Outputs with one slot for each index: `#[output]`, and what a kernel returns.

mod array;
mod attached;
mod list;
mod ragged;
mod row;
mod scalar;
mod staged;

use std::ops::Range;

pub use array::PerIndex;
pub(in crate::output) use attached::AttachedSlots;
pub use ragged::RaggedOfLengths;
pub(crate) use row::ReturnSpec;
pub use row::{ReturnRow, ReturnValue};
pub use scalar::PerIndexScalar;
pub(in crate::output) use scalar::ScalarSlots;
pub(crate) use staged::Staged;

/// Raw access to slots that belong to indices; cheap to copy into a worker's loop.
///
/// This and [`Accumulators`](super::worker::Accumulators) are the only places that turn "this
/// worker runs this index" into the right to write. The worker loop (`job::work`) upholds their
/// contracts: it gets an index from the share that it claimed, so that no other worker has it.
///
/// # Safety
/// An implementation must give slots of different indices that do not overlap, and be
/// `Send + Sync` only if its elements are `Send`.
pub unsafe trait IndexSlots: Staged + Clone + Send + Sync {
    /// What the kernel's parameter gets.
    type Slot<'s>;

    /// The slot of this index.
    ///
    /// # Safety
    /// The caller alone runs the index, which is below the number that the output was attached
    /// for; no slot of the same index is alive; and the output outlives the slot.
    unsafe fn slot<'s>(&self, index: usize) -> Self::Slot<'s>;

    /// Calls `visit` with the addresses at which the slots of these indices lie, output by output;
    /// leaves out outputs whose slots lie between each other.
    ///
    /// # Safety
    /// The indices are below that which the output was attached for, and it is alive.
    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>));

    /// Puts the slot of an index back to its fill value, or to zeros.
    ///
    /// # Safety
    /// As for [`slot`](Self::slot), and no slot of the index is alive.
    unsafe fn reset(&self, index: usize);
}

/// The address of an element.
fn address<A>(first: *mut A, index: usize) -> usize {
    first.wrapping_add(index).addr()
}
