//! Whose slot it is.

/// Which item a kernel call is for, and who runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The index of the item.
    pub index: usize,
    /// The number of the worker.
    pub worker_id: usize,
}
