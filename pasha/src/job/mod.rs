//! The job: the loop that every worker runs, whatever started it. See `README.md` beside this file.

pub(crate) mod board;
pub(crate) mod forked;
pub(crate) mod judge;
pub(crate) mod panic;
pub(crate) mod pin;
pub(crate) mod present;
pub(crate) mod share;
mod supervise;
pub(crate) mod tree;
pub(crate) mod work;

use std::time::{Duration, Instant};

use crate::error::SourceError;
use crate::memory::{MappingId, Memory};
use crate::options::{CancelToken, Options};
use board::{Failure, Record, Stage, Stop};
use forked::Generation;
use pin::Pinned;
use work::{AfterFailure, MapState};

/// A map in progress, as a context sees it: workers to be started, and nothing about what they do.
///
/// A [context](crate::Context) calls [`work`](Job::work) once for each number below
/// [`num_workers`](Job::num_workers), each on a worker of its own, and returns when all have
/// returned.
///
/// # Examples
/// ```
/// use pasha::{Context, Job};
///
/// /// Runs all workers on the calling thread, one after another.
/// #[derive(Debug)]
/// struct InTurn(usize);
///
/// impl Context for InTurn {
///     fn num_workers(&self) -> usize { self.0 }
///
///     fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
///         (0..job.num_workers()).for_each(|worker_id| job.work(worker_id));
///         Ok(())
///     }
/// }
///
/// let squares = pasha::map_in(&InTurn(3), 0..4_u64, |_, _, n| n * n)?;
/// assert_eq!(squares, ndarray::array![0, 1, 4, 9]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct Job<'j> {
    state: &'j MapState<'j>,
    /// One dynamic call per worker, none per item.
    body: &'j (dyn Fn(usize, Generation) -> Result<bool, SourceError> + Sync),
    options: &'j Options,
    /// The mappings that workers write.
    writable: &'j [MappingId],
}

impl<'j> Job<'j> {
    /// A job whose workers run `body`.
    pub(crate) fn new(
        state: &'j MapState<'j>,
        body: &'j (dyn Fn(usize, Generation) -> Result<bool, SourceError> + Sync),
        options: &'j Options,
        writable: &'j [MappingId],
    ) -> Self {
        Job { state, body, options, writable }
    }

    /// The number of workers to start: that of the context, or the number of items if it is less.
    ///
    /// # Examples
    /// ```
    /// # use pasha::{Context, Job};
    /// # #[derive(Debug)]
    /// # struct InTurn;
    /// # impl Context for InTurn {
    /// #     fn num_workers(&self) -> usize { 8 }
    /// fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
    ///     assert_eq!(job.num_workers(), 3); // of eight: there are three items
    ///     (0..job.num_workers()).for_each(|worker_id| job.work(worker_id));
    ///     Ok(())
    /// }
    /// # }
    /// # pasha::map_in(&InTurn, 0..3_u64, |_, _, n| n * n)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn num_workers(&self) -> usize {
        self.state.table.num_workers()
    }

    /// The number of items to map over.
    ///
    /// # Examples
    /// ```
    /// # use pasha::{Context, Job};
    /// # #[derive(Debug)]
    /// # struct Named;
    /// # impl Context for Named {
    /// #     fn num_workers(&self) -> usize { 1 }
    /// fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
    ///     eprintln!("{} items", job.len());
    ///     job.work(0);
    ///     Ok(())
    /// }
    /// # }
    /// # pasha::map_in(&Named, 0..3_u64, |_, _, n| n * n)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.state.len
    }

    /// Whether there is nothing to map over. No context is asked to run such a job.
    ///
    /// # Examples
    /// ```
    /// # use pasha::{Context, Job};
    /// # #[derive(Debug)]
    /// # struct Sure;
    /// # impl Context for Sure {
    /// #     fn num_workers(&self) -> usize { 1 }
    /// fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
    ///     assert!(!job.is_empty());
    ///     job.work(0);
    ///     Ok(())
    /// }
    /// # }
    /// # pasha::map_in(&Sure, 0..0_u64, |_, _, n| n * n)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Works as this worker on the calling thread until no item is left.
    ///
    /// It never panics: what goes wrong is told to the caller of the map, or dealt with as the
    /// context's `on_failure` says. A number that is too large, or that has been started already,
    /// returns at once, so that no two workers can write one accumulator.
    ///
    /// # Examples
    /// ```
    /// # use pasha::{Context, Job};
    /// # #[derive(Debug)]
    /// # struct Threads;
    /// # impl Context for Threads {
    /// #     fn num_workers(&self) -> usize { 3 }
    /// fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
    ///     std::thread::scope(|scope| {
    ///         (0..job.num_workers()).for_each(|id| drop(scope.spawn(move || job.work(id))));
    ///     });
    ///     Ok(())
    /// }
    /// # }
    /// # assert_eq!(pasha::map_in(&Threads, 0..10_u64, |_, _, n| n * n)?.sum(), 285);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn work(&self, worker_id: usize) {
        if self.take_seat(worker_id) {
            self.work_in_seat(worker_id);
        }
    }

    /// Takes a worker's seat, for the calling thread or for the process that is forked next;
    /// `false` if there is no such seat or somebody has it.
    pub(crate) fn take_seat(&self, worker_id: usize) -> bool {
        worker_id < self.num_workers() && self.state.table.record(worker_id).take()
    }

    /// Works as the worker whose seat was taken for the caller.
    pub(crate) fn work_in_seat(&self, worker_id: usize) {
        let record = self.state.table.record(worker_id);
        let generation = Generation::now();
        let _pinned = self.options.pin_workers.then(|| Pinned::to(worker_id)).flatten();
        let start = || self.in_hook(worker_id, Stage::StartHook);
        let body = || (self.body)(worker_id, generation);
        let end = || self.in_hook(worker_id, Stage::EndHook);
        let parts: [&dyn Fn() -> Result<bool, SourceError>; 3] = [&start, &body, &end];
        if parts.into_iter().all(|part| self.attempt(worker_id, record, generation, part)) {
            self.state.enter(worker_id, Stage::Done);
        }
        // Of a process its parent tells the end.
        if let Some(recorder) = self.state.recorder.filter(|_| !record.is_watched()) {
            recorder.end(worker_id, false);
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
                    record.explain(&error, None);
                    Failure::Refused
                }
                Err(panic::Caught { failure }) => {
                    self.state.note_interrupted(record, record.finished_of_block());
                    failure
                }
            };
            match self.state.judge_own(worker_id, failure) {
                AfterFailure::GoOn => {}
                AfterFailure::End => return false,
                AfterFailure::MakeRoom => return true,
            }
        }
    }

    fn in_hook(&self, worker_id: usize, stage: Stage) -> Result<bool, SourceError> {
        let hook = match stage {
            Stage::StartHook => self.options.start_hook.as_ref(),
            _ => self.options.end_hook.as_ref(),
        };
        if let Some(hook) = hook {
            self.state.enter(worker_id, stage);
            hook(self.state.first_worker + worker_id);
        }
        Ok(true)
    }

    /// The memory in which the workers tell each other and the caller what they do.
    pub(crate) fn memory(&self) -> Memory {
        self.state.table.memory()
    }

    /// A worker's record in the table.
    pub(crate) fn record(&self, worker_id: usize) -> &Record {
        self.state.table.record(worker_id)
    }

    /// Tells all workers to stop at their next item, because the context can't go on.
    pub(crate) fn give_up(&self) {
        self.state.table.stop(Stop::Context);
    }

    /// Looks whether the map is to stop, and says so.
    pub(crate) fn is_to_stop(&self, now: Instant) -> bool {
        self.state.check_stop(now);
        self.is_stopped()
    }

    fn is_stopped(&self) -> bool {
        self.state.table.is_stopped()
    }

    /// Whether workers are not to end their items: the time of the map is over, nobody waits for
    /// what comes of it, or somebody waits for its end (a person who has pressed Ctrl-C).
    pub(crate) fn is_to_end_at_once(&self) -> bool {
        match self.state.table.stopped() {
            Some(Stop::Deadline | Stop::Lost) => true,
            Some(Stop::Cancelled) => self.between_looks().is_some(),
            _ => false,
        }
    }

    /// How long the thread that waits for workers may leave the token alone, if that is limited.
    pub(crate) fn between_looks(&self) -> Option<Duration> {
        self.token().and_then(CancelToken::patience)
    }

    /// When the map is to stop.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.state.deadline
    }

    /// What stops the map from outside.
    pub(crate) fn token(&self) -> Option<&CancelToken> {
        self.state.token
    }

    pub(crate) fn options(&self) -> &Options {
        self.options
    }

    /// The mappings that workers write.
    pub(crate) fn writable(&self) -> &[MappingId] {
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
            .field("len", &self.len())
            .field("num_workers", &self.num_workers())
            .finish_non_exhaustive()
    }
}
