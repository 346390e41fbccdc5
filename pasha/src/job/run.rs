//! A run: everything that the workers of one map read, and one worker's way through it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::block::{BlockError, Blocks};
use super::checkpoint::Checkpoints;
use super::claim::most_items;
use super::forked::{self, Generation};
use super::judge::{Judge, Verdict};
use super::log::{End, Failure};
use super::outcome::Outcome;
use super::record::{Record, Stage};
use super::share::{Borders, Shares};
use super::table::{Stop, Table};
use super::{Job, panic};
use crate::context::Setting;
use crate::error::{Error, Result, SourceError};
use crate::functor::list::FunctorList;
use crate::kernel::Kernel;
use crate::memory::stream::STREAMS;
use crate::memory::{Memory, SharedPages};
use crate::options::CancelToken;
use crate::output::list::SpecList;
use crate::output::slots::Slots;
use crate::report::Report;
use crate::resume::JobFile;

/// Everything that the workers of one map read: kernel, functors and open outputs.
pub(crate) struct Run<'r, K: Kernel, F> {
    pub(crate) kernel: &'r K,
    pub(crate) functors: &'r F,
    pub(crate) slots: <K::Specs as SpecList>::Slots,
    pub(crate) returned: <K::Returned as SpecList>::Slots,
    pub(crate) len: usize,
    /// Mappings that are written for the first time, of which huge pages are to be made.
    pub(crate) new_memory: Vec<std::ops::Range<usize>>,
    pub(crate) job_file: Option<&'r JobFile>,
}

/// What the workers of one map have in common besides: how to go on, and when not to.
pub(super) struct Map<'m> {
    pub(super) table: &'m Table,
    /// The number of items.
    len: usize,
    pub(super) shares: Shares,
    pub(super) judge: Judge<'m>,
    pub(super) checkpoints: &'m Checkpoints,
    /// Whether each item is noted exactly, so that the map can go on after a failure.
    pub(super) is_exact: bool,
    /// Memory that workers enter into their page tables, if they are forked.
    pub(super) pages: SharedPages,
    /// Whether outputs are staged, so that what a killed worker had finished of a block is lost.
    pub(super) is_staged: bool,
    /// How long an item may take.
    pub(super) limit: Option<Duration>,
    pub(super) deadline: Option<Instant>,
    pub(super) token: Option<&'m CancelToken>,
    /// Says what an earlier run has finished, and takes note of what this one does.
    pub(super) job_file: Option<&'m JobFile>,
    /// The errors of readers as they were, by the index: those of workers in this process.
    source_errors: Mutex<BTreeMap<usize, SourceError>>,
}

impl Map<'_> {
    /// Looks whether the map is to stop.
    pub(super) fn look(&self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.table.stop(Stop::Deadline);
        }
        if self.token.is_some_and(CancelToken::is_cancelled) {
            self.table.stop(Stop::Cancelled);
        }
    }

    /// Takes note of what a worker had finished of its last block, before a panic or its death.
    pub(super) fn note_interrupted(&self, record: &Record) {
        let finished = record.finished_of_block();
        record.count(finished.len(), Duration::ZERO);
        if let Some(file) = self.job_file.filter(|_| !finished.is_empty()) {
            file.note(finished);
        }
    }

    /// Whether there are items that nobody has claimed.
    pub(super) fn has_unclaimed(&self) -> bool {
        self.shares.next(self.table.claimed(), 1).is_some()
    }

    /// Keeps a reader's error for the caller, where the worker is a thread.
    fn keep(&self, index: usize, error: SourceError) {
        self.source_errors().insert(index, error);
    }

    fn source_errors(&self) -> MutexGuard<'_, BTreeMap<usize, SourceError>> {
        self.source_errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the context's workers run `body` until nothing is left, and tells what came of it. `put_back` puts the slots of
    /// an item that failed back, and `num_absent` counts the indices without an item.
    // Knows no types of the kernel, so that it is compiled once and not with every kernel.
    fn drive(
        &self,
        setting: Setting<'_>,
        body: &(dyn Fn(usize, Generation) -> Result<bool, SourceError> + Sync),
        put_back: &dyn Fn(usize),
        num_absent: &dyn Fn() -> usize,
        mut writable: Vec<usize>,
        begun: Instant,
    ) -> Result<Report> {
        let (table, len) = (self.table, self.len);
        writable.push(table.start());
        writable.extend(self.checkpoints.start());
        writable.extend(self.job_file.map(JobFile::start));
        for (worker_id, record) in table.records().enumerate() {
            record.give(self.shares.given(worker_id));
        }
        self.look(begun);
        let Setting { context, options, .. } = setting;
        let resumed = self.job_file.map_or(0, JobFile::finished);
        let mut started = Ok(());
        if !table.is_stopped() && resumed < len {
            let job = Job { map: self, body, options, len, writable: &writable };
            started = match options.watch() {
                None => context.run(&job),
                Some(watch) => {
                    let finished = || resumed + table.finished_blocks();
                    watch.during(len, finished, || context.run(&job))
                }
            };
        }
        table.skipped().filter(|&index| index < len).for_each(put_back);
        let wall_time = begun.elapsed();
        let outcome = Outcome { map: self, len, resumed, wall_time, absent: num_absent() };
        let source_errors = std::mem::take(&mut *self.source_errors());
        outcome.tell(started, options, source_errors)
    }
}

/// The most items that a map can go on without: the log has an entry for each, of 96 GiB in all
/// (of which only what is used takes memory).
const MOST_SKIPPED: usize = 1 << 30;

/// A table for the workers of a map over this many items.
fn table_for(num_workers: usize, len: usize, setting: Setting<'_>) -> Result<Table> {
    panic::install_hook();
    forked::watch();
    let failures = match setting.options.policy().may_skip() {
        Some(at_most) if at_most.min(len) > MOST_SKIPPED => {
            return Err(Error::TooLarge {
                argument: "`at_most` of the context's `on_failure`, for so many items,",
                given: at_most,
                most: MOST_SKIPPED,
                reason: "each item that fails is kept in memory until the map ends, to be listed \
                         in its report; let fewer items fail, or map over fewer at a time",
            });
        }
        Some(at_most) => at_most.min(len).saturating_add(num_workers),
        None => num_workers,
    };
    Table::new(num_workers, failures, setting.memory)
}

impl<K: Kernel, F: FunctorList<K::Items>> Run<'_, K, F> {
    /// Has the context's workers run the kernel on all items. The outputs' mappings start at the
    /// addresses `writable`.
    pub(crate) fn run(self, setting: Setting<'_>, writable: Vec<usize>) -> Result<Report> {
        let begun = Instant::now();
        let options = setting.options;
        let policy = options.policy();
        let num_workers = setting.num_workers.min(self.len.max(1));
        let table = table_for(num_workers, self.len, setting)?;
        let checkpoints = self.checkpoints(policy.is_abort(), num_workers, setting)?;
        let is_exact =
            !policy.is_abort() || options.time_for_item().is_some() || self.job_file.is_some();
        let map = Map {
            table: &table,
            len: self.len,
            shares: Shares {
                splitting: options.splitting(),
                len: self.len.min(most_items(num_workers)),
                num_workers,
                together: self.functors.items_together(),
                borders: self.borders(),
            },
            judge: Judge { table: &table, policy, has_checkpoints: checkpoints.are_kept() },
            checkpoints: &checkpoints,
            is_exact,
            pages: match setting.memory {
                Memory::Shared => SharedPages::alive(&self.new_memory),
                Memory::Private => SharedPages::default(),
            },
            is_staged: K::STREAM_STORES && STREAMS && !is_exact,
            limit: options.time_for_item(),
            deadline: options.time_for_map().and_then(|limit| begun.checked_add(limit)),
            token: options.token(),
            job_file: self.job_file,
            source_errors: Mutex::default(),
        };
        let body = |worker_id: usize, generation| self.work(worker_id, &map, generation);
        let put_back = |index| {
            let at = crate::kernel::Position { index, worker_id: 0 };
            // SAFETY: all workers have ended, and the index is one of the map.
            unsafe {
                self.slots.reset(at);
                self.returned.reset(at);
            }
        };
        let num_absent = || match F::MAY_BE_ABSENT {
            true => (0..self.len).filter(|&index| !self.functors.are_present(index)).count(),
            false => 0,
        };
        map.drive(setting, &body, &put_back, &num_absent, writable, begun)
    }

    fn checkpoints(
        &self,
        aborts: bool,
        num_workers: usize,
        setting: Setting<'_>,
    ) -> Result<Checkpoints> {
        if aborts || !<K::Specs as SpecList>::Slots::BY_WORKER {
            return Ok(Checkpoints::none());
        }
        // SAFETY: the slots are attached for all workers of the context, of which none runs yet.
        unsafe {
            let pages = setting.options.pages();
            Checkpoints::new(&self.slots, num_workers, setting.memory, pages)
        }
    }

    /// Where the outputs' pages and cache lines end.
    fn borders(&self) -> Borders {
        let mut borders = Borders::default();
        if self.len > 0 {
            let first_slots = 0..1;
            // SAFETY: there is an index 0, and the outputs are attached.
            unsafe {
                let mut visit = |place: std::ops::Range<usize>| borders.add(place.len());
                self.slots.places(&first_slots, &mut visit);
                self.returned.places(&first_slots, &mut visit);
            }
        }
        borders
    }

    /// One worker's part of the map; `false` if it ended the map by a failure.
    fn work(
        &self,
        worker_id: usize,
        map: &Map<'_>,
        generation: Generation,
    ) -> Result<bool, SourceError> {
        let record = map.table.record(worker_id);
        record.enter(Stage::OpeningReader);
        let mut readers = self.functors.readers()?;
        record.enter(Stage::MakingScratch);
        let mut scratch = self.kernel.scratch();
        record.enter(Stage::Claiming);
        self.restore(worker_id, map);
        let mut blocks = Blocks::new(self, map, generation);
        while !map.table.is_stopped() {
            let at_least = blocks.worth_a_claim();
            if record.left().is_empty()
                && map.table.claim(&map.shares, worker_id, at_least).is_none()
            {
                break;
            }
            let outcome = blocks.run(self, map, &mut readers, &mut scratch, worker_id);
            let failure = match outcome {
                Ok(()) => continue,
                Err(BlockError::Kernel(failure)) => {
                    record.explain(&failure.to_string(), None);
                    Failure::Refused
                }
                Err(BlockError::Read(error)) => {
                    let error = error.into();
                    record.explain(&error.to_string(), None);
                    // Reaches the caller where the worker is a thread; its text always does.
                    map.keep(record.index(), error);
                    Failure::Source
                }
                Err(BlockError::Late) => Failure::TimedOut,
            };
            if map.judge.judge(worker_id, failure, End::default()) == Verdict::End {
                return Ok(false);
            }
            self.restore(worker_id, map);
        }
        record.enter(Stage::Closing);
        drop((readers, scratch));
        Ok(true)
    }

    /// Puts the worker's accumulators back to what they were where it goes on.
    fn restore(&self, worker_id: usize, map: &Map<'_>) {
        // SAFETY: the worker's number is its own, and no slot of it is alive.
        unsafe { map.checkpoints.restore(&self.slots, worker_id, map.table.record(worker_id)) };
    }
}
