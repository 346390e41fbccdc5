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
    /// The numbers of the workers here among those of all ranks that map together, if there are
    /// others.
    pub(crate) numbering: Option<&'p Numbering>,
    /// The memory that the context's workers can write.
    pub(crate) memory: Memory,
    /// Lengths of the slots of ragged outputs, `(n, number of ragged outputs)`, if there are any.
    pub(crate) lengths: Option<&'p Array2<usize>>,
    /// Which of these lengths are of the kernel's first ragged output: others are of the kernels
    /// before it that run together with it.
    pub(crate) first_column: usize,
    /// The pages that new arrays get.
    pub(crate) pages: Pages,
    /// Whether the arrays are to be left as they are: they come fresh from `allocate`, with their
    /// fill values in place, or a job into them is resumed.
    pub(crate) keep: bool,
    /// Whether a job is resumed, with which what each worker has accumulated is saved: accumulators
    /// are to begin anew.
    pub(crate) resumes: bool,
    /// Whether no worker writes the arrays: what other arrays of the same map have is copied into
    /// them, to be looked at.
    pub(crate) is_to_look_at: bool,
}

/// The numbers of the workers here among those of all ranks that map together.
#[derive(Debug)]
pub(crate) struct Numbering {
    /// Number of workers of all ranks.
    pub(crate) all_workers: usize,
    /// The number of the first worker here.
    pub(crate) first_worker: usize,
}

impl Plan<'_> {
    /// Number of workers of all ranks that map together.
    pub(crate) fn all_workers(&self) -> usize {
        self.numbering.map_or(self.num_workers, |numbering| numbering.all_workers)
    }

    /// The number of the first worker here, counted over all ranks.
    pub(crate) fn first_worker(&self) -> usize {
        self.numbering.map_or(0, |numbering| numbering.first_worker)
    }
}
