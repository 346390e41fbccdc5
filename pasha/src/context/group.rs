//! Workers of several processes that run one program: a group of ranks.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{AnyContext, Context, Ranks};
use crate::error::{Error, Result};
use crate::group::{Group, Member, SocketLink};
use crate::job::{Job, panic, pin};
use crate::memory::Memory;
use crate::options::{ContextOptions, Options, option_methods};

/// Runs the kernel on the workers of all ranks of a group.
#[derive(Clone)]
pub struct GroupContext {
    /// None where this process is the only one.
    ranks: Option<Ranks>,
    local: Arc<AnyContext>,
    options: Options,
}

impl GroupContext {
    /// A context of these ranks, whose workers here are those of `local`; without a group, of this
    /// process alone. It is collective.
    ///
    /// # Errors
    /// What keeps a rank from having these workers, on all ranks; [`Error::RanksDiffer`] if one
    /// makes a map meanwhile.
    pub(crate) fn new(group: Option<Arc<Group>>, local: Result<AnyContext>) -> Result<Self> {
        let Some(group) = group.filter(is_member) else { return Ok(GroupContext::alone(local?)) };
        let (local, members) = gather_workers(&group, MAKING, local)?;
        let (patience, options) = (group.patience(), local.options().clone());
        let ranks = Ranks { group, members, at_root: false, patience, refused: None };
        Ok(GroupContext { ranks: Some(ranks), local: Arc::new(local), options })
    }

    /// A context of this process, which is no rank of any group.
    fn alone(local: AnyContext) -> Self {
        let options = local.options().clone();
        GroupContext { ranks: None, local: Arc::new(local), options }
    }

    /// The same group with other workers here, and with the options of these where they have any.
    /// It is collective. What goes wrong is told by the next map.
    pub fn with_workers(self, local: AnyContext) -> Self {
        let options = local.options().clone().or(&self.options);
        let Some(ranks) = self.ranks.filter(|ranks| is_member(&ranks.group)) else {
            return GroupContext { options, ..GroupContext::alone(local) };
        };
        let local = match local.ranks() {
            None => Ok(local),
            Some(_) => Err(Error::Argument {
                argument: "the context that `with_workers` is given".to_owned(),
                value: local.to_string(),
                advice: "it is of all ranks, and the workers of one are asked for: `threads:2` \
                         instead of `mpi:threads:2`"
                    .to_owned(),
            }),
        };
        match gather_workers(&ranks.group, "`with_workers`", local) {
            Ok((local, members)) => {
                let ranks = Some(Ranks { members, refused: None, ..ranks });
                GroupContext { ranks, local: Arc::new(local), options }
            }
            Err(error) => {
                let ranks = Some(Ranks { refused: Some(error.to_string()), ..ranks });
                GroupContext { ranks, local: self.local, options }
            }
        }
    }

    /// Whole outputs are wanted on rank 0 alone.
    pub fn outputs_at_root(self) -> Self {
        let ranks = self.ranks.map(|ranks| Ranks { at_root: true, ..ranks });
        GroupContext { ranks, ..self }
    }

    /// Takes a rank for lost that is silent for longer than this.
    pub fn rank_timeout(self, patience: Duration) -> Self {
        let ranks = self.ranks.map(|ranks| Ranks { patience, ..ranks });
        GroupContext { ranks, ..self }
    }

    /// The messages that this rank has sent so far, without heartbeats: those by which it has asked
    /// for items, and all.
    pub fn messages_sent(&self) -> [usize; 2] {
        self.ranks.as_ref().map_or([0; 2], |ranks| ranks.group.messages_sent())
    }

    /// The number of this rank.
    pub fn rank(&self) -> usize {
        self.ranks.as_ref().map_or(0, |ranks| ranks.group.rank())
    }

    /// The number of ranks.
    pub fn size(&self) -> usize {
        self.ranks.as_ref().map_or(1, |ranks| ranks.group.size())
    }
}

/// What the ranks know the call by that makes a context.
const MAKING: &str = "making a context of all ranks (`MpiContext::new`, or the first use of the \
                      default context)";

/// The workers here, and what each rank is like.
fn gather_workers(
    group: &Group,
    call: &str,
    local: Result<AnyContext>,
) -> Result<(AnyContext, Arc<[Member]>)> {
    group.gather_workers(call, local, |local| local.num_workers(), pin::bound())
}

/// Whether this process speaks for a rank: neither does a worker, whose maps run in it alone, nor a
/// process that the rank has forked.
fn is_member(group: &Arc<Group>) -> bool {
    group.size() > 1 && !panic::in_worker() && group.check_process().is_ok()
}

option_methods!(GroupContext, "group_context", "```ignore\n# {");

impl ContextOptions for GroupContext {
    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }
}

impl fmt::Debug for GroupContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupContext")
            .field("ranks", &self.ranks)
            .field("local", &self.local)
            .field("options", &self.options)
            .finish()
    }
}

impl Context for GroupContext {
    fn num_workers(&self) -> usize {
        self.ranks.as_ref().map_or_else(|| self.local.num_workers(), Ranks::all_workers)
    }

    fn run(&self, job: &Job<'_>) -> Result<()> {
        self.local.run(job)
    }

    fn memory(&self) -> Memory {
        self.local.memory()
    }

    fn ranks(&self) -> Option<&Ranks> {
        self.ranks.as_ref()
    }

    fn options(&self) -> &Options {
        &self.options
    }
}

/// A seat in a group of processes on this machine, which are forked from one: how the tests of this
/// repository make several ranks.
#[derive(Debug)]
pub struct Seat(SocketLink);

impl Seat {
    /// The seats of a group of this many ranks. Each process keeps one, and drops the others.
    ///
    /// # Errors
    /// If the process can't have so many sockets, or the feature `ranks` is off.
    pub fn of_group(size: usize) -> io::Result<Vec<Seat>> {
        if !cfg!(feature = "ranks") {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "needs the feature `ranks`"));
        }
        Ok(SocketLink::group(size)?.into_iter().map(Seat).collect())
    }

    /// Joins the group, with these workers here; a rank is lost that is silent for longer than
    /// `patience`.
    ///
    /// # Errors
    /// If a rank is lost already.
    pub fn join(self, host: &str, local: AnyContext, patience: Duration) -> Result<GroupContext> {
        let group = Group::join(Box::new(self.0), host, &[], patience)?;
        GroupContext::new(Some(group), Ok(local))
    }
}
