//! Which item a call is for, who runs it, and whose slots it gets.

/// Which item a kernel call is for, and who runs it, as the kernel sees both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The index of the item.
    pub index: usize,
    /// The number of the worker, counted over all ranks.
    pub worker_id: usize,
}

/// Which slots a call gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotPosition {
    /// The place of the slot of its index: the index, or where it is in a staging buffer.
    pub(crate) index: usize,
    /// The number of the worker among those of this process.
    pub(crate) worker_id: usize,
}
