//! The ranks that map together.

use std::sync::Arc;

use crate::group::Group;
use crate::output::Numbering;

/// The ranks that map together, of which this process is one; there are at least two.
#[derive(Clone, Debug)]
pub struct Ranks {
    pub(crate) group: Arc<Group>,
    /// The number of workers of each rank.
    pub(crate) workers: Vec<usize>,
    /// Whether rank 0 alone gets whole outputs.
    pub(crate) at_root: bool,
}

impl Ranks {
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

    /// The numbers of the workers of this rank among those of all.
    pub(crate) fn numbering(&self) -> Numbering {
        let first_worker = self.first_worker_of(self.group.rank());
        Numbering { all_workers: self.all_workers(), first_worker }
    }

    /// The number of the first worker of a rank, counted over all.
    pub(crate) fn first_worker_of(&self, rank: usize) -> usize {
        self.workers.iter().take(rank).sum()
    }
}
