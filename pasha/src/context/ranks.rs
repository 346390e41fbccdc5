//! The ranks that map together.

use crate::group::Group;

/// The ranks that map together, of which this process is one; there are at least two.
#[derive(Clone, Copy, Debug)]
pub struct Ranks<'g> {
    pub(crate) group: &'g Group,
    /// The number of workers of each rank.
    pub(crate) workers: &'g [usize],
    /// Whether rank 0 alone gets whole outputs.
    pub(crate) at_root: bool,
}

impl Ranks<'_> {
    /// The number of workers of this rank.
    pub(crate) fn workers_here(&self) -> usize {
        self.workers_of(self.group.rank())
    }

    /// The number of workers of a rank.
    pub(crate) fn workers_of(&self, rank: usize) -> usize {
        self.workers.get(rank).copied().unwrap_or(0)
    }

    /// The number of workers of all ranks.
    pub(crate) fn all_workers(&self) -> usize {
        self.workers.iter().sum()
    }

    /// The number of the first worker of this rank, counted over all.
    pub(crate) fn first_worker(&self) -> usize {
        self.first_worker_of(self.group.rank())
    }

    /// The number of the first worker of a rank, counted over all.
    pub(crate) fn first_worker_of(&self, rank: usize) -> usize {
        self.workers.iter().take(rank).sum()
    }
}
