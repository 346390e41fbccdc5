//! What the workers of all ranks have accumulated, merged in the order of the ranks.

use std::sync::Arc;

use crate::context::Ranks;
use crate::error::{Error, Result};
use crate::group::{ENDED_IN_A_MAP, HEAD, LostRank, MessageKind, Messenger};
use crate::job::panic;
use crate::output::Attached;

/// Merges what the workers of all ranks have accumulated: afterwards each rank has the same.
///
/// Each rank merges what its workers have; rank 0 asks one rank after the other for its part, so
/// that it never holds more than one, and the order is always the same. Where a merge of the user's
/// panics, this rank merges no more, and the messages go on: the others wait for them.
pub(crate) fn merge_parts(ranks: &Ranks, attached: &mut impl Attached) -> Result<GuardedMerge> {
    let group = &ranks.group;
    let mut messenger = group.messenger();
    messenger.begin_step();
    let lost = |lost: LostRank| group.error_of(&lost);
    let mut merging = GuardedMerge::default();
    if messenger.rank() != 0 {
        // To be filled, once rank 0 asks.
        let mut message = messenger.message(MessageKind::Part);
        merging.go_on(|| {
            attached.part(&mut message);
            Some(())
        });
        if merging.panicked.is_some() {
            message.truncate(HEAD);
        }
        wait_for(&mut messenger, 0).map_err(lost)?;
        messenger.send(0, Arc::new(message)).map_err(lost)?;
        let total = wait_for(&mut messenger, 0).map_err(lost)?;
        let total = &total[HEAD..];
        let taken = attached.take_total(&mut &*total);
        return taken.or(nothing(total)).map(|()| merging).ok_or_else(|| not_understood(ranks, 0));
    }
    let mut own = Vec::new();
    merging.go_on(|| {
        attached.part(&mut own);
        Some(())
    });
    drop(own);
    for rank in messenger.others() {
        let asking = messenger.message(MessageKind::Part);
        messenger.send(rank, Arc::new(asking)).map_err(lost)?;
        let part = wait_for(&mut messenger, rank).map_err(lost)?;
        let first = ranks.first_worker_of(rank);
        let workers = first..first + ranks.workers_of(rank);
        let part = &part[HEAD..];
        let taken = merging.go_on(|| attached.take_part(&workers, &mut &*part));
        taken.or(nothing(part)).ok_or_else(|| not_understood(ranks, rank))?;
    }
    let mut message = messenger.message(MessageKind::Part);
    if merging.panicked.is_none() {
        attached.total(&mut message);
    }
    messenger.send_all(message).map_err(lost)?;
    // Nothing else pushes it on.
    while messenger.unsent() > 0 {
        messenger.receive().map_err(lost)?;
        messenger.wait(std::time::Duration::from_micros(50));
    }
    Ok(merging)
}

/// What a rank sends that could not merge what it has: the reason is told when all are done.
fn nothing(message: &[u8]) -> Option<()> {
    message.is_empty().then_some(())
}

/// Merges of the user's, which may panic.
#[derive(Debug, Default)]
pub(super) struct GuardedMerge {
    /// The text and the place of the panic.
    pub(super) panicked: Option<(String, Option<String>)>,
}

impl GuardedMerge {
    /// Merges, unless an earlier merge has panicked; gives what that gives, and nothing went wrong
    /// that was not noted if it was not.
    pub(super) fn go_on(&mut self, merge: impl FnOnce() -> Option<()>) -> Option<()> {
        if self.panicked.is_some() {
            return Some(());
        }
        let (mut merge, mut taken) = (Some(merge), Some(()));
        self.panicked = panic::caught(&mut || {
            if let Some(merge) = merge.take() {
                taken = merge();
            }
        })
        .err();
        taken
    }
}

/// The next part that a rank sends.
pub(super) fn wait_for(messenger: &mut Messenger, rank: usize) -> Result<Vec<u8>, LostRank> {
    loop {
        match messenger.next(|messenger| messenger.left(rank).is_some())? {
            Some((from, MessageKind::Part, message)) if from == rank => return Ok(message),
            Some(_) => {}
            None => {
                messenger.lose(rank, ENDED_IN_A_MAP.to_owned())?;
            }
        }
    }
}

pub(super) fn not_understood(ranks: &Ranks, rank: usize) -> Error {
    Error::Rank {
        rank,
        host: ranks.group.host(rank).to_owned(),
        reason: "what its workers have accumulated has another size than here".to_owned(),
    }
}
