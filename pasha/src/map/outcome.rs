//! What a map came to, told to its caller: a report, or an error.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::error::{Cause, Error, ItemFailure, Result, SourceError, describe};
use crate::job::board::{Failure, Logged, Stage, Stop};
use crate::job::peak_memory;
use crate::job::work::MapState;
use crate::options::Options;
use crate::report::{FailedItem, HugePages, Report, WorkerReport};

/// A map whose workers have all ended.
pub(super) struct Outcome<'o> {
    pub(super) state: &'o MapState<'o>,
    pub(super) len: usize,
    /// Number of items that an earlier run had finished.
    pub(super) resumed: usize,
    pub(super) wall_time: Duration,
    /// Number of items that are not there.
    pub(super) absent: usize,
}

/// How far a map came, which all its errors tell.
#[derive(Clone, Copy)]
pub(super) struct HowFar<'o> {
    pub(super) finished: usize,
    pub(super) len: usize,
    pub(super) options: &'o Options,
}

impl Outcome<'_> {
    /// The report, or the error that ended the map.
    pub(super) fn into_result(
        self,
        started: Result<()>,
        options: &Options,
        mut source_errors: BTreeMap<usize, SourceError>,
    ) -> Result<Report> {
        let table = self.state.table;
        let failed: BTreeSet<usize> = table.failures().skipped().collect();
        let finished = self.finished(&failed);
        let how_far = HowFar { finished, len: self.len, options };
        let mut error_of = |logged: Logged| {
            let source = source_errors.remove(&logged.index);
            how_far.error_of(logged, source)
        };
        let mut first_logged =
            || (0..table.failures().len()).find_map(|number| table.failures().get(number));
        let len = self.len;
        // A map that was finished when the end came from outside is finished.
        let is_whole = finished + failed.len() >= len;
        match table.stopped() {
            Some(Stop::Failed) => {
                let logged = table.fatal().and_then(|number| table.failures().get(number));
                if let Some(logged) = logged.or_else(&mut first_logged) {
                    return Err(error_of(logged));
                }
            }
            Some(Stop::TooManyFailures) => {
                if let (Some(logged), Some(at_most)) = (first_logged(), options.policy().may_skip())
                {
                    let source = Box::new(error_of(logged));
                    let failed = failed.len();
                    return Err(Error::TooManyFailures { failed, at_most, finished, len, source });
                }
            }
            Some(Stop::Cancelled) if !is_whole => return Err(Error::Cancelled { finished, len }),
            Some(Stop::Deadline) if !is_whole => {
                let limit = options.time_for_map().unwrap_or_default();
                return Err(Error::Deadline { limit, finished, len });
            }
            Some(Stop::Cancelled | Stop::Deadline | Stop::Context) | None => {}
        }
        started?;
        if !is_whole {
            return Err(Error::Incomplete { finished, len });
        }
        let mut causes: BTreeMap<usize, Logged> = BTreeMap::new();
        for number in 0..table.failures().len() {
            if let Some(logged) = table.failures().get(number).filter(|logged| logged.skipped) {
                causes.insert(logged.index, logged);
            }
        }
        let failed = causes
            .into_iter()
            .map(|(index, logged)| FailedItem { index, cause: error_of(logged) })
            .collect();
        Ok(self.report(finished, failed))
    }

    fn report(&self, finished: usize, failed: Vec<FailedItem>) -> Report {
        let table = self.state.table;
        let mut peak_memory = peak_memory();
        let workers: Vec<WorkerReport> = table
            .records()
            .enumerate()
            .map(|(worker_id, record)| {
                peak_memory = peak_memory.max(record.peak_memory());
                record.report(worker_id)
            })
            .collect();
        Report {
            len: self.len,
            finished: finished - self.resumed,
            resumed: self.resumed,
            absent: self.absent,
            failed,
            retried: table.retried().load(Ordering::Relaxed),
            replaced: workers.iter().map(|worker| worker.replaced).sum(),
            wall_time: self.wall_time,
            workers,
            peak_memory,
            huge_pages: HugePages::of(table.pages()),
        }
    }

    /// The number of finished items: those that were claimed, but for what is left of the
    /// workers' shares and what has failed.
    fn finished(&self, failed: &BTreeSet<usize>) -> usize {
        if let Some(file) = self.state.job_file {
            return file.finished();
        }
        let left: Vec<Range<usize>> =
            self.state.table.records().map(|record| record.left()).collect();
        let claimed = match self.state.shares.next(0, 1) {
            Some(_) => self.state.table.claimed(),
            None => self.state.shares.len,
        };
        let not_left = |index: &&usize| !left.iter().any(|range| range.contains(index));
        let failed = failed.iter().filter(not_left).count();
        let left: usize = left.iter().map(ExactSizeIterator::len).sum();
        claimed.saturating_sub(left + failed)
    }
}

/// The text that was kept of a death, if there is one.
fn detail(message: &str) -> Option<&str> {
    Some(message).filter(|message| !message.is_empty())
}

impl HowFar<'_> {
    /// Makes an error of an entry in the log.
    pub(super) fn error_of(self, logged: Logged, source: Option<SourceError>) -> Error {
        let HowFar { finished, len, options } = self;
        let limit = options.time_for_item().unwrap_or_default();
        let Logged { failure, stage, index, worker_id, attempts, end, message, location, .. } =
            logged;
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
        Error::Item(ItemFailure { index, worker_id, attempts, finished, len, cause })
    }
}
