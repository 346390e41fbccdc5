//! The ranks that map together.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::group::{Group, LEAST_PATIENCE, Member};
use crate::output::Numbering;

/// The ranks that map together, of which this process is one; there are at least two.
#[derive(Clone, Debug)]
pub struct Ranks {
    pub(crate) group: Arc<Group>,
    /// What each rank is like.
    pub(crate) members: Arc<[Member]>,
    /// Whether rank 0 alone gets whole outputs.
    pub(crate) at_root: bool,
    /// How long a rank may be silent before it is taken for lost.
    pub(crate) patience: Duration,
    /// Why the workers here are not those that were asked for, if so: the next map tells it.
    pub(crate) refused: Option<String>,
}

impl Ranks {
    /// The number of workers of this rank.
    pub(crate) fn workers_here(&self) -> usize {
        self.workers_of(self.group.rank())
    }

    /// The number of workers of a rank.
    pub(crate) fn workers_of(&self, rank: usize) -> usize {
        self.members.get(rank).map_or(0, |member| member.num_workers)
    }

    /// The number of workers of all ranks.
    pub(crate) fn all_workers(&self) -> usize {
        self.members.iter().map(|member| member.num_workers).sum()
    }

    /// The numbers of the workers of this rank among those of all.
    pub(crate) fn numbering(&self) -> Numbering {
        let first_worker = self.first_worker_of(self.group.rank());
        Numbering { all_workers: self.all_workers(), first_worker }
    }

    /// The number of the first worker of a rank, counted over all.
    pub(crate) fn first_worker_of(&self, rank: usize) -> usize {
        self.members.iter().take(rank).map(|member| member.num_workers).sum()
    }

    /// Tells why the workers here are not those that were asked for, if so.
    pub(crate) fn check_workers(&self) -> Result<()> {
        let Some(reason) = self.refused.clone() else { return Ok(()) };
        let rank = self.group.rank();
        Err(Error::Rank { rank, host: self.group.host(rank).to_owned(), reason })
    }

    /// Refuses a time after which ranks that are well would be taken for lost.
    pub(crate) fn check_patience(&self) -> Result<()> {
        if self.patience >= LEAST_PATIENCE {
            return Ok(());
        }
        Err(Error::Argument {
            argument: "`rank_timeout`".to_owned(),
            value: format!("{:?}", self.patience),
            advice: format!(
                "a rank that is well may be silent for a part of a second where its machine is busy: \
                 give at least {LEAST_PATIENCE:?}"
            ),
        })
    }

    /// What keeps the workers of ranks from running at the same time, if something does.
    pub(crate) fn warning(&self) -> Option<String> {
        let mut bound = self.members.iter().enumerate().filter_map(|(rank, member)| {
            let [usable, there] = member.bound?;
            (member.num_workers > usable).then_some((rank, member, usable, there))
        });
        let (rank, Member { host, num_workers, .. }, usable, there) = bound.next()?;
        let others = match bound.count() {
            0 => String::new(),
            others => format!(", and so are the workers of {others} other ranks"),
        };
        Some(format!(
            "the {num_workers} workers of rank {rank} on {host} are bound to {usable} of its {there} \
             processors{others}: start the program with `mpirun --bind-to none`, or with \
             `srun --cpus-per-task={num_workers}`"
        ))
    }
}
