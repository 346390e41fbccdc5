//! The job: the loop that every worker runs, whatever started it. See `README.md` beside this file.

mod block;
mod checkpoint;
mod claim;
mod current;
mod direct;
pub(crate) mod forked;
mod judge;
mod log;
mod outcome;
pub(crate) mod panic;
pub(crate) mod pin;
pub(crate) mod record;
mod run;
pub(crate) mod share;
mod stage;
pub(crate) mod table;
mod text;

use std::time::Instant;

use crate::error::SourceError;
use crate::memory::Memory;
use crate::options::{CancelToken, Options};
use forked::Generation;
use judge::Verdict;
pub(crate) use log::End;
use log::Failure;
use pin::Pinned;
use record::{Late, Record, Stage};
use run::Map;
pub(crate) use run::Run;
use table::Stop;

/// A map in progress, as a context sees it: workers to be started, and nothing about what they do.
///
/// A [context](crate::Context) calls [`work`](Job::work) once for each number below
/// [`num_workers`](Job::num_workers), each on a worker of its own, and returns when all have
/// returned.
pub struct Job<'j> {
    map: &'j Map<'j>,
    /// One dynamic call per worker, none per item.
    body: &'j (dyn Fn(usize, Generation) -> Result<bool, SourceError> + Sync),
    options: &'j Options,
    len: usize,
    /// Start addresses of the mappings that workers write.
    writable: &'j [usize],
}

impl Job<'_> {
    /// The number of workers to start: that of the context, or the number of items if it is less.
    pub fn num_workers(&self) -> usize {
        self.map.table.num_workers()
    }

    /// The number of items to map over.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to map over. No context is asked to run such a job.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Works as this worker on the calling thread until no item is left.
    ///
    /// It never panics: what goes wrong is told to the caller of the map, or dealt with as the
    /// context's `on_failure` says. A number that is too large, or that has been started already,
    /// returns at once, so that no two workers can write one accumulator.
    pub fn work(&self, worker_id: usize) {
        if self.take_seat(worker_id) {
            self.work_in_seat(worker_id);
        }
    }

    /// Takes a worker's seat, for the calling thread or for the process that is forked next;
    /// `false` if there is no such seat or somebody has it.
    pub(crate) fn take_seat(&self, worker_id: usize) -> bool {
        worker_id < self.num_workers() && self.map.table.record(worker_id).take()
    }

    /// Works as the worker whose seat was taken for the caller.
    pub(crate) fn work_in_seat(&self, worker_id: usize) {
        let record = self.map.table.record(worker_id);
        let generation = Generation::now();
        let _pinned = self.options.pins_workers().then(|| Pinned::to(worker_id)).flatten();
        let start = || self.in_hook(record, worker_id, Stage::StartHook);
        let body = || (self.body)(worker_id, generation);
        let end = || self.in_hook(record, worker_id, Stage::EndHook);
        let parts: [&dyn Fn() -> Result<bool, SourceError>; 3] = [&start, &body, &end];
        if parts.into_iter().all(|part| self.attempt(worker_id, record, generation, part)) {
            record.enter(Stage::Done);
        }
    }

    /// Does a part of the worker's work, again after a failure as often as the policy says;
    /// `false` if the worker is to end.
    fn attempt(
        &self,
        worker_id: usize,
        record: &Record,
        generation: Generation,
        part: &dyn Fn() -> Result<bool, SourceError>,
    ) -> bool {
        loop {
            let outcome = panic::guard(record, part);
            generation.end_if_forked();
            let failure = match outcome {
                Ok(Ok(goes_on)) => return goes_on,
                Ok(Err(error)) => {
                    record.explain(&error.to_string(), None);
                    Failure::Refused
                }
                Err(panic::Caught) => {
                    self.map.note_interrupted(record);
                    Failure::Panic
                }
            };
            if self.map.judge.judge(worker_id, failure, End::default()) == Verdict::End {
                return false;
            }
        }
    }

    fn in_hook(
        &self,
        record: &Record,
        worker_id: usize,
        stage: Stage,
    ) -> Result<bool, SourceError> {
        let hook = match stage {
            Stage::StartHook => self.options.start_hook(),
            _ => self.options.end_hook(),
        };
        if let Some(hook) = hook {
            record.enter(stage);
            hook(worker_id);
        }
        Ok(true)
    }

    /// The memory in which the workers tell each other and the caller what they do.
    pub(crate) fn memory(&self) -> Memory {
        self.map.table.memory()
    }

    /// A worker's record in the table.
    pub(crate) fn record(&self, worker_id: usize) -> &Record {
        self.map.table.record(worker_id)
    }

    /// Decides what the end of a worker's process means; `true` if another is to take its place.
    pub(crate) fn ended(&self, worker_id: usize, end: End) -> bool {
        let is_replaced = self.is_to_be_replaced(worker_id, end);
        let record = self.record(worker_id);
        let died = end.status != Some(0) || record.exit_status().is_some();
        if self.map.is_staged && died && !is_replaced {
            record.lose_block();
        }
        is_replaced
    }

    fn is_to_be_replaced(&self, worker_id: usize, end: End) -> bool {
        let record = self.record(worker_id);
        if record.stage() == Stage::Done {
            return false;
        }
        self.map.table.settle(worker_id);
        if self.is_stopped() {
            return false;
        }
        if !self.map.is_staged {
            self.map.note_interrupted(record);
        }
        let stage = record.stage();
        let aborted = end.signal == Some(nix::libc::SIGABRT);
        let verdict = match (record.late(), record.exit_status()) {
            _ if record.is_deadlocked() => {
                self.map.judge.judge(worker_id, Failure::Deadlocked, end)
            }
            (Late::NoMore, _) => self.map.judge.pardon(worker_id),
            (Late::Yes, _) => self.map.judge.judge(worker_id, Failure::TimedOut, end),
            (Late::No, Some(status)) => {
                let end = End { signal: None, status: Some(status) };
                self.map.judge.judge(worker_id, Failure::Died, end)
            }
            (Late::No, None) if aborted && record.was_aborted() => {
                self.map.judge.judge(worker_id, Failure::Panic, end)
            }
            (Late::No, None) => self.map.judge.judge(worker_id, Failure::Died, end),
        };
        if verdict == Verdict::End {
            return false;
        }
        let work_remains = !record.left().is_empty() || self.map.has_unclaimed();
        if work_remains || stage == Stage::EndHook {
            record.free();
            return true;
        }
        false
    }

    /// Tells all workers to stop at their next item, because the context can't go on.
    pub(crate) fn give_up(&self) {
        self.map.table.stop(Stop::Context);
    }

    /// Looks whether the map is to stop, and says so.
    pub(crate) fn is_to_stop(&self, now: Instant) -> bool {
        self.map.look(now);
        self.is_stopped()
    }

    fn is_stopped(&self) -> bool {
        self.map.table.is_stopped()
    }

    /// Whether the map has stopped because its time is over.
    pub(crate) fn is_past_deadline(&self) -> bool {
        self.map.table.stopped() == Some(Stop::Deadline)
    }

    /// When the map is to stop.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.map.deadline
    }

    /// What stops the map from outside.
    pub(crate) fn token(&self) -> Option<&CancelToken> {
        self.map.token
    }

    pub(crate) fn options(&self) -> &Options {
        self.options
    }

    /// Start addresses of the mappings that workers write.
    pub(crate) fn writable(&self) -> &[usize] {
        self.writable
    }
}

/// The most memory that this process has had resident, in bytes.
pub(crate) fn peak_memory() -> usize {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
    // Linux counts KiB.
    usage.map_or(0, |usage| usage.max_rss() as usize * 1024)
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("len", &self.len)
            .field("num_workers", &self.num_workers())
            .finish_non_exhaustive()
    }
}
