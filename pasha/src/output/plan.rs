//! What an output must fit.

use ndarray::Array2;

use crate::memory::{Memory, Pages};

/// What an output must fit: the run it is allocated for or attached to.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'p> {
    /// Number of indices.
    pub(crate) len: usize,
    /// Number of workers here, whether or not all get to run.
    pub(crate) num_workers: usize,
    /// Number of workers of all ranks that map together, and of the first one here.
    pub(crate) all_workers: usize,
    pub(crate) first_worker: usize,
    /// Whether there are other ranks.
    pub(crate) has_ranks: bool,
    /// The memory that the context's workers can write.
    pub(crate) memory: Memory,
    /// Lengths of the slots of ragged outputs, `(n, number of ragged outputs)`, if there are any.
    pub(crate) lengths: Option<&'p Array2<usize>>,
    /// The pages that new arrays get.
    pub(crate) pages: Pages,
    /// Whether the arrays are to be left as they are: they come fresh from `allocate`, with their
    /// fill values in place, or a job into them is resumed.
    pub(crate) keep: bool,
}
