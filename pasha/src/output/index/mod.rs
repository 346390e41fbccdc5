//! Outputs with one slot for each index: `#[output]`, and what a kernel returns.

mod array;
mod attached;
mod list;
mod ragged;
mod row;
mod scalar;
mod staged;

use std::ops::Range;

use crate::group::wire::Take;
pub use array::PerIndex;
pub(in crate::output) use attached::AttachedSlots;
pub use ragged::RaggedOfLengths;
pub(crate) use row::LocalSlot;
pub use row::PerIndexRow;
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
    /// How many outputs they are of.
    const COUNT: usize;

    /// What the kernel's parameter gets.
    type Slot<'s>;

    /// The slot of this index.
    ///
    /// # Safety
    /// The caller alone runs the index, which is below the number that the output was attached
    /// for; no slot of the same index is alive; and the output outlives the slot.
    unsafe fn slot<'s>(&self, index: usize) -> Self::Slot<'s>;

    /// Whether a job keeps the slots in a journal, as it can where the array lies in no file.
    fn lies_in_memory(&self) -> bool {
        false
    }

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

    /// Adds the bytes of the elements of these indices' slots to a message, in order.
    ///
    /// # Safety
    /// The indices are below that which the output was attached for, and nobody writes their slots
    /// meanwhile.
    unsafe fn pack(&self, indices: &Range<usize>, message: &mut Vec<u8>);

    /// Takes what `pack` has added, of the same kernel and shape, from a message; `None` if it is
    /// too short.
    ///
    /// # Safety
    /// As for [`slot`](Self::slot) of all these indices, of which no slot is alive; and `pack` of
    /// the same slots, here or in another process of the program, has written the message.
    unsafe fn unpack(&self, indices: &Range<usize>, message: &mut &[u8]) -> Option<()>;
}

/// Adds the bytes of elements that lie back to back.
///
/// # Safety
/// So many elements are there to be read, and nobody writes them meanwhile.
unsafe fn pack_elements<A>(first: *const A, len: usize, message: &mut Vec<u8>) {
    // SAFETY: the caller promises that they can be read; elements have no padding, as `Element`
    // asks, so all bytes are set.
    message.extend_from_slice(unsafe {
        std::slice::from_raw_parts(first.cast(), len * size_of::<A>())
    });
}

/// Takes elements that are to lie back to back.
///
/// # Safety
/// So many elements can be written, nobody else uses them, and what is taken was packed from as
/// many of the same type.
unsafe fn unpack_elements<A>(first: *mut A, len: usize, message: &mut &[u8]) -> Option<()> {
    let bytes = message.take_exactly(len * size_of::<A>())?;
    // SAFETY: the caller promises that they can be written, and that the bytes are those of
    // elements; a message does not overlap an output.
    unsafe { first.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Some(())
}

/// The address of an element.
fn address<A>(first: *mut A, index: usize) -> usize {
    first.wrapping_add(index).addr()
}
