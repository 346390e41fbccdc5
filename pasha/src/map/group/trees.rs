//! What the workers of all ranks have put into their trees of merges, brought together on rank 0.

use std::sync::Arc;

use super::parts::{GuardedMerge, not_understood, wait_for};
use crate::context::Ranks;
use crate::error::{Error, Result};
use crate::group::wire::{Put, Take};
use crate::group::{HEAD, LostRank, MessageKind};
use crate::job::tree::MergeTree;
use crate::map::prepared::{collect, merge_failed};

/// Merges what the trees of all ranks hold in the tree of rank 0, and that into its first worker's
/// accumulators. After a map that failed each rank merges what it has.
///
/// Rank 0 asks one rank after the other, and each sends one node after the other.
pub(super) fn gather<T>(
    ranks: &Ranks,
    tree: &MergeTree<'_>,
    outcome: &Result<T>,
    len: usize,
) -> Result<()> {
    let group = &ranks.group;
    if outcome.is_err() {
        return collect(tree, len).map_err(|error| *error);
    }
    let lost = |lost: LostRank| group.error_of(&lost);
    let mut messenger = group.messenger();
    messenger.begin_step();
    if messenger.rank() != 0 {
        wait_for(&mut messenger, 0).map_err(lost)?;
        for number in tree.laid_down() {
            let mut message = messenger.message(MessageKind::Part);
            message.put(number);
            tree.pack(number, &mut message);
            messenger.send(0, Arc::new(message)).map_err(lost)?;
        }
        let end = messenger.message(MessageKind::Part);
        messenger.send(0, Arc::new(end)).map_err(lost)?;
        return Ok(());
    }
    let mut merging = GuardedMerge::default();
    for rank in messenger.others() {
        let asking = messenger.message(MessageKind::Part);
        messenger.send(rank, Arc::new(asking)).map_err(lost)?;
        loop {
            let message = wait_for(&mut messenger, rank).map_err(lost)?;
            let mut message = &message[HEAD..];
            if message.is_empty() {
                break;
            }
            let taken = merging.go_on(|| {
                let number = message.take()?;
                // SAFETY: the workers here have ended, and the tree borrows the outputs.
                unsafe { tree.unpack(number, message) }
            });
            taken.ok_or_else(|| not_understood(ranks, rank))?;
        }
    }
    drop(messenger);
    if let Some(panicked) = merging.panicked {
        return Err(merge_failed(panicked, len));
    }
    if !tree.is_whole() {
        return Err(Error::Incomplete { finished: len, len });
    }
    collect(tree, len).map_err(|error| *error)
}
