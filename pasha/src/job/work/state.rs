//! What the workers of one map have in common besides the task: how to go on, and when not to.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::checkpoint::Checkpoints;
use crate::error::SourceError;
use crate::job::board::{Record, Stop, Table};
use crate::job::judge::Judge;
use crate::job::share::Shares;
use crate::memory::SharedPages;
use crate::options::CancelToken;
use crate::resume::JobFile;

/// What the workers of one map have in common besides: how to go on, and when not to.
pub(crate) struct MapState<'m> {
    pub(crate) table: &'m Table,
    /// The number of items.
    pub(crate) len: usize,
    pub(crate) shares: Shares,
    pub(crate) judge: Judge<'m>,
    pub(crate) checkpoints: &'m Checkpoints,
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
    /// The errors of readers as they were, by the index: those of workers in this process.
    pub(crate) source_errors: Mutex<BTreeMap<usize, SourceError>>,
}

impl MapState<'_> {
    /// Looks whether the map is to stop.
    pub(crate) fn look(&self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.table.stop(Stop::Deadline);
        }
        if self.token.is_some_and(CancelToken::is_cancelled) {
            self.table.stop(Stop::Cancelled);
        }
    }

    /// Takes note of what a worker had finished of its last block, before a panic or its death.
    pub(crate) fn note_interrupted(&self, record: &Record) {
        let finished = record.finished_of_block();
        record.count(finished.len(), Duration::ZERO);
        if let Some(file) = self.job_file.filter(|_| !finished.is_empty()) {
            file.note(finished);
        }
    }

    /// Whether there are items that nobody has claimed.
    pub(crate) fn has_unclaimed(&self) -> bool {
        self.shares.next(self.table.claimed(), 1).is_some()
    }

    /// Keeps a reader's error for the caller, where the worker is a thread.
    pub(crate) fn keep(&self, index: usize, error: SourceError) {
        self.source_errors().insert(index, error);
    }

    pub(crate) fn source_errors(&self) -> MutexGuard<'_, BTreeMap<usize, SourceError>> {
        self.source_errors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
