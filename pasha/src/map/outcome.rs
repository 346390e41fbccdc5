//! What a map came to, told to its caller: a report, or an error.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::group::RanksVerdict;
use crate::error::{Cause, Error, ItemFailure, Result, SourceError, describe};
use crate::job::board::{Failure, Logged, Stage, Stop};
use crate::job::peak_memory;
use crate::job::tree::MergeTree;
use crate::job::work::MapState;
use crate::options::Options;
use crate::report::{FailedItem, HugePages, Report, WorkerReport};
use crate::timeline::Timeline;

/// A map whose workers have all ended.
pub(super) struct Outcome {
    pub(super) ended: WorkersResult,
    pub(super) len: usize,
    /// Number of items that an earlier run had finished.
    pub(super) resumed: usize,
    pub(super) wall_time: Duration,
    /// Number of items that are not there.
    pub(super) absent: usize,
}

/// What the workers did, here or on all ranks.
pub(super) struct WorkersResult {
    stopped: Option<Stop>,
    /// The number of the entry in the log that ended the map.
    fatal: Option<usize>,
    /// The log, with the number of each entry.
    log: Vec<(usize, Logged)>,
    /// Number of items that are finished, those of an earlier run included.
    finished: usize,
    /// Whether what the items came to was merged.
    is_merged: bool,
    workers: Vec<WorkerReport>,
    retried: usize,
    peak_memory: usize,
    huge_pages: HugePages,
    pub(super) timeline: Option<Box<Timeline>>,
}

impl WorkersResult {
    /// Of a map on the workers here, which took this long.
    pub(super) fn here(state: &MapState<'_>, wall_time: Duration) -> WorkersResult {
        let table = state.table;
        let failures = table.failures();
        let numbers = 0..failures.len();
        let log: Vec<_> =
            numbers.filter_map(|number| Some((number, failures.get(number)?))).collect();
        let mut peak_memory = peak_memory();
        let workers = table
            .records()
            .enumerate()
            .map(|(worker_id, record)| {
                peak_memory = peak_memory.max(record.peak_memory());
                record.report(worker_id)
            })
            .collect();
        WorkersResult {
            stopped: table.stopped(),
            fatal: table.fatal(),
            finished: finished_here(state, &failed_of(&log)),
            is_merged: state.tree.is_none_or(MergeTree::is_whole),
            log,
            workers,
            retried: table.retried().load(Ordering::Relaxed),
            peak_memory,
            huge_pages: HugePages::of(table.pages()),
            timeline: state
                .recorder
                .map(|recorder| Box::new(Timeline::new(state.len, recorder.rows(0), wall_time))),
        }
    }

    /// Of a map over so many items on the workers of all ranks; and whether all could be started.
    pub(super) fn everywhere(mut verdict: RanksVerdict, len: usize) -> (Result<()>, WorkersResult) {
        let (rows, wall_time) = (verdict.take_rows(), verdict.wall_time);
        let timeline = Timeline::new(len, rows, wall_time);
        let ended = WorkersResult {
            stopped: verdict.stopped,
            fatal: verdict.fatal,
            finished: verdict.finished,
            is_merged: true,
            workers: verdict.workers(),
            retried: verdict.retried(),
            peak_memory: verdict.peak_memory(),
            huge_pages: verdict.huge_pages(),
            timeline: (!timeline.is_empty()).then(|| Box::new(timeline)),
            log: verdict.log.into_iter().enumerate().collect(),
        };
        (verdict.started, ended)
    }

    /// The indices that the map went on without.
    pub(super) fn failed(&self) -> BTreeSet<usize> {
        failed_of(&self.log)
    }
}

/// The items that a map that runs goes on without by now, when so many are finished.
pub(super) fn failed_so_far(
    state: &MapState<'_>,
    finished: usize,
    options: &Options,
) -> Vec<FailedItem> {
    let failures = state.table.failures();
    let logged = (0..failures.len()).filter_map(|number| failures.get(number));
    let skipped = logged.filter(|logged| logged.skipped).map(|logged| (logged.index, logged));
    let how_far = MapProgress { finished, len: state.len, options };
    // Of an index the last.
    let causes: BTreeMap<usize, Logged> = skipped.collect();
    let told = |(index, logged)| FailedItem { index, cause: how_far.error_of(logged, None) };
    causes.into_iter().map(told).collect()
}

fn failed_of(log: &[(usize, Logged)]) -> BTreeSet<usize> {
    log.iter().filter(|(_, logged)| logged.skipped).map(|(_, logged)| logged.index).collect()
}

/// The number of finished items: those that were claimed, but for what is left of the workers'
/// shares and what has failed.
fn finished_here(state: &MapState<'_>, failed: &BTreeSet<usize>) -> usize {
    if let Some(file) = state.job_file {
        return file.finished();
    }
    let left: Vec<Range<usize>> = state.table.records().map(|record| record.left()).collect();
    let claimed = match state.shares.next(0, 1) {
        Some(_) => state.table.claimed(),
        None => state.shares.len,
    };
    let not_left = |index: &&usize| !left.iter().any(|range| range.contains(index));
    let failed = failed.iter().filter(not_left).count();
    let left: usize = left.iter().map(ExactSizeIterator::len).sum();
    claimed.saturating_sub(left + failed)
}

/// How far a map came, which all its errors tell.
#[derive(Clone, Copy)]
pub(super) struct MapProgress<'o> {
    pub(super) finished: usize,
    pub(super) len: usize,
    pub(super) options: &'o Options,
}

impl Outcome {
    /// The report, or the error that ended the map.
    pub(super) fn into_result(
        self,
        started: Result<()>,
        options: &Options,
        mut source_errors: BTreeMap<usize, SourceError>,
    ) -> Result<Report> {
        let Outcome { ended, len, resumed, wall_time, absent } = self;
        let num_failed = if ended.log.is_empty() { 0 } else { ended.failed().len() };
        let WorkersResult { stopped, fatal, mut log, finished, is_merged, workers, .. } = ended;
        let how_far = MapProgress { finished, len, options };
        let mut error_of = |logged: Logged| {
            let source = source_errors.remove(&logged.index);
            how_far.error_of(logged, source)
        };
        // A map that was finished when the end came from outside is finished.
        let is_whole = finished + num_failed >= len && is_merged;
        match stopped {
            Some(Stop::Failed) => {
                let place = log.iter().position(|&(number, _)| Some(number) == fatal).unwrap_or(0);
                if place < log.len() {
                    return Err(error_of(log.swap_remove(place).1));
                }
            }
            Some(Stop::TooManyFailures) => {
                if let (Some(at_most), false) = (options.on_failure.may_skip(), log.is_empty()) {
                    let source = Box::new(error_of(log.swap_remove(0).1));
                    let failed = num_failed;
                    return Err(Error::TooManyFailures { failed, at_most, finished, len, source });
                }
            }
            Some(Stop::Cancelled) if !is_whole => return Err(Error::Cancelled { finished, len }),
            Some(Stop::Deadline) if !is_whole => {
                let limit = options.deadline.unwrap_or_default();
                return Err(Error::Deadline { limit, finished, len });
            }
            Some(Stop::Cancelled | Stop::Deadline | Stop::Context | Stop::Lost) | None => {}
        }
        started?;
        if !is_whole {
            return Err(Error::Incomplete { finished, len });
        }
        let mut causes: BTreeMap<usize, Logged> = BTreeMap::new();
        for (_, logged) in log.into_iter().filter(|(_, logged)| logged.skipped) {
            causes.insert(logged.index, logged);
        }
        let failed = causes
            .into_iter()
            .map(|(index, logged)| FailedItem { index, cause: error_of(logged) })
            .collect();
        Ok(Report {
            len,
            finished: finished - resumed,
            resumed,
            absent,
            failed,
            retried: ended.retried,
            replaced: workers.iter().map(|worker| worker.replaced).sum(),
            wall_time,
            workers,
            peak_memory: ended.peak_memory,
            huge_pages: ended.huge_pages,
            timeline: ended.timeline,
            warnings: Vec::new(),
        })
    }
}

/// The text that was kept of a death, if there is one.
fn detail(message: &str) -> Option<&str> {
    Some(message).filter(|message| !message.is_empty())
}

impl MapProgress<'_> {
    /// Makes an error of an entry in the log.
    pub(super) fn error_of(self, logged: Logged, source: Option<SourceError>) -> Error {
        let MapProgress { finished, len, options } = self;
        let limit = options.item_timeout.unwrap_or_default();
        let Logged {
            failure,
            stage,
            index,
            worker_id,
            attempts,
            end,
            message,
            location,
            host,
            skipped: is_left_out,
            ..
        } = logged;
        if stage != Stage::Item {
            let message = match failure {
                Failure::Died => describe::death(end.signal, end.status, detail(&message)),
                Failure::TimedOut => "it did nothing for too long".to_owned(),
                Failure::Deadlocked => describe::WAITS.to_owned(),
                Failure::Panic | Failure::ReaderPanic => {
                    describe::panicked(&message, location.as_deref())
                }
                Failure::Refused | Failure::Source => message,
            };
            let message = match host {
                None => message,
                Some(host) => format!("{message}, on {host}"),
            };
            if stage == Stage::Merging && matches!(failure, Failure::Panic) {
                return Error::MergePanicked { message, len };
            }
            return Error::Worker { worker_id, stage: stage.phrase(), message, finished, len };
        }
        let cause = match failure {
            Failure::Refused => Cause::Refused { message },
            Failure::Panic => Cause::Panic { message, location },
            Failure::Died => Cause::Died {
                signal: end.signal,
                status: end.status,
                detail: detail(&message).map(str::to_owned),
            },
            Failure::TimedOut => Cause::TimedOut { limit },
            Failure::Deadlocked => Cause::Deadlock,
            Failure::Source => Cause::Source(source.unwrap_or_else(|| message.into())),
            Failure::ReaderPanic => {
                Cause::Source(describe::panicked(&message, location.as_deref()).into())
            }
        };
        let host = host.map(|host| Box::new(host.into_string()));
        Error::Item(ItemFailure {
            index,
            worker_id,
            attempts,
            finished,
            len,
            is_left_out,
            host,
            cause,
        })
    }
}
