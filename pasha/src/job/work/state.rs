//! What the workers of one map have in common besides the task: how to go on, and when not to.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::checkpoint::Checkpoints;
use crate::error::SourceError;
use crate::job::board::{
    End, Failure, FinishedItems, Grants, Record, Recorder, Stage, Stop, Table,
};
use crate::job::judge::{Judge, Verdict};
use crate::job::present::PresentItems;
use crate::job::share::Shares;
use crate::job::tree::{BETWEEN_STOP_CHECKS, MergeTree};
use crate::memory::SharedPages;
use crate::memory::own_data::OwnData;
use crate::options::CancelToken;
use crate::resume::{JobFile, Journal};

/// What the workers of one map have in common besides: how to go on, and when not to.
pub(crate) struct MapState<'m> {
    pub(crate) table: &'m Table,
    /// The number of items.
    pub(crate) len: usize,
    pub(crate) shares: Shares<'m>,
    /// Which indices have an item, if some may have none.
    pub(crate) present: Option<&'m PresentItems>,
    /// Whether somebody waits for what workers say between blocks.
    pub(crate) is_watched: bool,
    pub(crate) judge: Judge<'m>,
    pub(crate) checkpoints: &'m Checkpoints,
    /// When the map began.
    pub(crate) begun: Instant,
    /// Whether each item is noted exactly, so that the map can go on after a failure.
    pub(crate) is_exact: bool,
    /// Memory that workers enter into their page tables, if they are forked.
    pub(crate) pages: SharedPages,
    /// Whether outputs are staged, so that what a killed worker had finished of a block is lost.
    pub(crate) is_staged: bool,
    /// How long an item may take.
    pub(crate) limit: Option<Duration>,
    /// After how many items a forked worker is replaced.
    pub(crate) lifespan: Option<NonZeroUsize>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) token: Option<&'m CancelToken>,
    /// Says what an earlier run has finished, and takes note of what this one does.
    pub(crate) job_file: Option<&'m JobFile>,
    /// Takes what slots hold that lie in no file.
    pub(crate) journal: Option<&'m Journal>,
    /// Where reductions are to have the same bits whoever computes what.
    pub(crate) tree: Option<&'m MergeTree<'m>>,
    /// What this rank of several has been granted and finished.
    pub(crate) grants: Option<&'m Grants>,
    /// Takes note of what is finished, for other ranks, or for whom a live look is given.
    pub(crate) finished: Option<&'m FinishedItems>,
    /// Whether somebody looks at the outputs while the map runs.
    pub(crate) is_live: bool,
    /// Whether the caller is told of the progress.
    pub(crate) tells_progress: bool,
    /// Whether the caller notes in the job file what is finished, once it is on the disk.
    pub(crate) is_durable: bool,
    /// The number of this rank's first worker, counted over all.
    pub(crate) first_worker: usize,
    /// Takes note of what each worker does when, if the context has a timeline.
    pub(crate) recorder: Option<Recorder<'m>>,
    /// Bytes of the items of one index, where they are known.
    pub(crate) item_bytes: Option<usize>,
    /// The errors of readers as they were, by the index: those of workers in this process.
    pub(crate) source_errors: Mutex<BTreeMap<usize, SourceError>>,
}

/// What a worker does after a failure that it has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// It goes on where its record says.
    GoOn,
    /// It ends, and the map with it.
    End,
    /// It ends, and another takes its place, which has all of the memory that a worker may have.
    MakeRoom,
}

impl MapState<'_> {
    /// Notes what a worker is doing from now on.
    #[inline]
    pub(crate) fn enter(&self, worker_id: usize, stage: Stage) {
        self.table.record(worker_id).enter(stage);
        if let Some(recorder) = self.recorder {
            recorder.enter(worker_id, stage);
        }
    }

    /// Looks whether the map is to stop.
    pub(crate) fn check_stop(&self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.table.stop(Stop::Deadline);
        }
        if self.token.is_some_and(CancelToken::is_cancelled) {
            self.table.stop(Stop::Cancelled);
        }
    }

    /// Decides on a failure that the worker has survived, and says what memory had to do with it.
    pub(crate) fn judge_own(&self, worker_id: usize, failure: Failure) -> AfterFailure {
        let record = self.table.record(worker_id);
        let used_up = if record.is_watched() { OwnData::if_much_is_used() } else { None };
        if let Some(used_up) = used_up {
            record.add_to_explanation(&format!("; {used_up}"));
        }
        match self.judge.judge(worker_id, failure, End::default()) {
            Verdict::End => AfterFailure::End,
            Verdict::GoOn if used_up.is_some() => AfterFailure::MakeRoom,
            Verdict::GoOn => AfterFailure::GoOn,
        }
    }

    /// The number of indices without an item.
    pub(crate) fn num_absent(&self) -> usize {
        self.present.map_or(0, |present| self.len - present.count())
    }

    /// The number of indices with an item.
    pub(crate) fn num_items(&self) -> usize {
        self.items_in(&(0..self.len))
    }

    /// The number of items that were finished before the map began.
    pub(crate) fn resumed_items(&self) -> usize {
        match (self.job_file, self.present) {
            (None, _) => 0,
            (Some(file), None) => file.finished(),
            (Some(file), Some(present)) => (0..present.count())
                .filter_map(|item| present.index(item))
                .filter(|&index| file.are_finished(index..index + 1))
                .count(),
        }
    }

    /// The number of items at these indices; of one rank of several that of the indices, by which
    /// items are handed out to ranks.
    pub(crate) fn items_in(&self, indices: &Range<usize>) -> usize {
        let present = self.present.filter(|_| self.grants.is_none());
        present.map_or(indices.len(), |present| present.within(indices))
    }

    /// Takes note of what a worker had finished of its last block, before a panic or its death, and
    /// of the time that it was in it.
    pub(crate) fn note_interrupted(&self, record: &Record, finished: Range<usize>) {
        record.count(self.items_in(&finished), record.time_in_block(self.begun.elapsed()));
        if !finished.is_empty() {
            self.note_finished(finished);
        }
    }

    /// Takes note of finished items, where that is asked for, after their slots are written.
    #[inline]
    pub(crate) fn note_finished(&self, finished: Range<usize>) {
        // Of a job with reductions whole blocks are noted, when they are handed on.
        if self.job_file.is_some() && self.tree.is_some() {
            return;
        }
        self.note_for_good(finished);
    }

    /// Takes note of finished items that will not have to be done again.
    #[inline]
    pub(crate) fn note_for_good(&self, finished: Range<usize>) {
        if let Some(file) = self.job_file.filter(|_| !self.is_durable) {
            file.note(finished.clone());
        }
        // Of a live map with accumulators what its checkpoints have: nothing else is for good.
        if let Some(items) = self.finished
            && !(self.is_live && self.checkpoints.are_kept())
        {
            items.note(finished);
        }
    }

    /// Whether the caller waits for a checkpoint of this worker's.
    pub(crate) fn is_asked(&self, record: &Record) -> bool {
        self.is_live && record.answered() != self.table.question()
    }

    /// Whether the worker can lay down what comes of its next block, where reductions have the same
    /// bits whoever computes what; `false` if the map is to stop before.
    #[inline]
    pub(crate) fn has_place(&self, worker_id: usize) -> bool {
        self.tree.is_none_or(|tree| tree.reserve(worker_id, &|| self.is_stopped()))
    }

    /// Looks whether the map is to stop, and tells whether it is.
    pub(crate) fn is_stopped(&self) -> bool {
        self.check_stop(Instant::now());
        self.table.is_stopped()
    }

    /// Claims the next share for a worker; `false` when there is nothing left for it to do.
    pub(crate) fn claim(&self, worker_id: usize, at_least: usize) -> bool {
        match self.grants {
            None => self.table.claim(&self.shares, None, worker_id, at_least).is_some(),
            Some(grants) => self.claim_granted(grants, worker_id, at_least),
        }
    }

    /// As [`claim`](Self::claim) on one rank of several, which may have to wait for items.
    fn claim_granted(&self, grants: &Grants, worker_id: usize, at_least: usize) -> bool {
        let record = self.table.record(worker_id);
        loop {
            // Both before the look at what is granted, so that nothing is missed.
            let (news, is_over) = (grants.news(), grants.is_over());
            record.enter(Stage::Claiming);
            if self.table.claim(&self.shares, Some(grants), worker_id, at_least).is_some() {
                return true;
            }
            if is_over || self.table.is_stopped() {
                return false;
            }
            self.enter(worker_id, Stage::Waiting);
            grants.wait(news, BETWEEN_STOP_CHECKS);
            self.check_stop(Instant::now());
        }
    }

    /// Whether there are items that nobody has claimed, or may be later.
    pub(crate) fn has_unclaimed(&self) -> bool {
        match self.grants {
            None => self.shares.next(self.table.claimed(), 1).is_some(),
            Some(grants) => !grants.is_over() || self.table.claimed() < grants.granted(),
        }
    }

    /// Keeps a reader's error for the caller, where the worker is a thread.
    pub(crate) fn keep_error(&self, index: usize, error: SourceError) {
        self.source_errors().insert(index, error);
    }

    pub(crate) fn source_errors(&self) -> MutexGuard<'_, BTreeMap<usize, SourceError>> {
        self.source_errors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
