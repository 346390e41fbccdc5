//! The job: the loop that every worker runs, whatever started it. See `README.md` beside this file.

mod block;
pub(crate) mod panic;
pub(crate) mod progress;
pub(crate) mod share;
pub(crate) mod table;

use std::sync::{Mutex, PoisonError};

use crate::context::{Context, Options};
use crate::error::{Error, Result, SourceError};
use crate::functor::list::FunctorList;
use crate::kernel::Kernel;
use crate::output::list::SpecList;
use block::{BlockError, Blocks};
use share::Shares;
use table::{Failure, Record, Stage, Table};

/// A map in progress, as a context sees it: workers to be started, and nothing about what they do.
///
/// A [context](crate::Context) calls [`work`](Job::work) once for each number below
/// [`num_workers`](Job::num_workers), each on a worker of its own, and returns when all have
/// returned.
pub struct Job<'j> {
    table: &'j Table,
    /// One dynamic call per worker, none per item.
    body: &'j (dyn Fn(usize, &Record) -> Result<(), SourceError> + Sync),
    options: &'j Options,
    len: usize,
    /// Start addresses of the mappings that workers write.
    writable: &'j [usize],
}

impl Job<'_> {
    /// The number of workers to start: that of the context, or the number of items if it is less.
    pub fn num_workers(&self) -> usize {
        self.table.num_workers().min(self.len)
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
    /// It never panics: what goes wrong is told to the caller of the map. A number that is too
    /// large, or that has been started already, returns at once, so that no two workers can
    /// write one accumulator.
    pub fn work(&self, worker_id: usize) {
        if worker_id >= self.num_workers() {
            return;
        }
        let record = self.table.record(worker_id);
        if !record.take() {
            return;
        }
        let outcome = panic::guard(|| {
            if let Err(error) = self.work_in_hooks(worker_id, record) {
                record.explain(&error.to_string(), None);
                self.table.fail(worker_id, Failure::Refused);
            }
        });
        match outcome {
            Ok(()) if record.failure().is_none() => record.enter(Stage::Done),
            Ok(()) => {}
            Err(caught) => {
                record.explain(&caught.message, caught.location.as_deref());
                self.table.fail(worker_id, Failure::Panic);
            }
        }
    }

    fn work_in_hooks(&self, worker_id: usize, record: &Record) -> Result<(), SourceError> {
        if let Some(hook) = self.options.start_hook() {
            record.enter(Stage::StartHook);
            hook(worker_id);
        }
        (self.body)(worker_id, record)?;
        if let Some(hook) = self.options.end_hook() {
            record.enter(Stage::EndHook);
            hook(worker_id);
        }
        Ok(())
    }

    /// Whether a worker has done its part, or told why it could not.
    pub(crate) fn has_ended(&self, worker_id: usize) -> bool {
        let record = self.table.record(worker_id);
        record.stage() == Stage::Done || record.failure().is_some()
    }

    /// Notes that a worker's process ended without having done its part.
    pub(crate) fn died(&self, worker_id: usize, signal: Option<i32>, status: Option<i32>) {
        self.table.died(worker_id, signal, status);
    }

    /// Tells all workers to stop at their next item.
    pub(crate) fn stop(&self) {
        self.table.stop();
    }

    /// Start addresses of the mappings that workers write.
    pub(crate) fn writable(&self) -> &[usize] {
        self.writable
    }
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("len", &self.len)
            .field("num_workers", &self.num_workers())
            .finish_non_exhaustive()
    }
}

/// Everything that the workers of one map read: kernel, functors and open outputs.
pub(crate) struct Run<'r, K: Kernel, F> {
    pub(crate) kernel: &'r K,
    pub(crate) functors: &'r F,
    pub(crate) slots: <K::Specs as SpecList>::Slots,
    pub(crate) returned: <K::Returned as SpecList>::Slots,
    pub(crate) len: usize,
    pub(crate) num_workers: usize,
    /// Start addresses of the outputs' mappings.
    pub(crate) writable: Vec<usize>,
}

impl<K: Kernel, F: FunctorList<K::Items>> Run<'_, K, F> {
    /// Has the context's workers run the kernel on all items.
    pub(crate) fn run(mut self, context: &dyn Context) -> Result<()> {
        if self.len == 0 {
            return Ok(());
        }
        panic::install_hook();
        let table = Table::new(self.num_workers, context.memory())?;
        self.writable.push(table.start());
        let source_error = Mutex::new(None);
        let options = context.options();
        let shares = Shares {
            splitting: options.splitting(),
            len: self.len,
            num_workers: self.num_workers.min(self.len),
            together: self.functors.items_together(),
        };
        let body = |worker_id: usize, record: &Record| {
            self.work(worker_id, record, &table, shares, &source_error)
        };
        let job =
            Job { table: &table, body: &body, options, len: self.len, writable: &self.writable };
        let started = match options.watch() {
            None => context.run(&job),
            Some(watch) => watch.during(self.len, &table, || context.run(&job)),
        };
        if let Some(worker_id) = table.first_failed() {
            let source = source_error.into_inner().unwrap_or_else(PoisonError::into_inner);
            return Err(tell(worker_id, table.record(worker_id), source));
        }
        started?;
        let finished = table.finished();
        if finished < self.len {
            return Err(Error::Incomplete { finished, len: self.len });
        }
        Ok(())
    }

    /// One worker's part of the map.
    fn work(
        &self,
        worker_id: usize,
        record: &Record,
        table: &Table,
        shares: Shares,
        source_error: &Mutex<Option<SourceError>>,
    ) -> Result<(), SourceError> {
        record.enter(Stage::OpeningReader);
        let mut readers = self.functors.readers()?;
        record.enter(Stage::MakingScratch);
        let mut scratch = self.kernel.scratch();
        record.enter(Stage::Claiming);
        let mut blocks = Blocks::new();
        while let Some(share) = shares.claim(table.cursor(), worker_id, record.own_claims()) {
            let result =
                blocks.run(self, &mut readers, &mut scratch, share, worker_id, record, table);
            match result {
                Ok(()) => {}
                Err(BlockError::Kernel(failure)) => {
                    record.explain(&failure.to_string(), None);
                    table.fail(worker_id, Failure::Refused);
                    return Ok(());
                }
                Err(BlockError::Read(error)) => {
                    let error = error.into();
                    record.explain(&error.to_string(), None);
                    // Reaches the caller where the worker is a thread; its text always does.
                    let mut kept = source_error.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.get_or_insert(error);
                    table.fail(worker_id, Failure::Source);
                    return Ok(());
                }
            }
            if table.is_stopped() {
                break;
            }
        }
        Ok(())
    }
}

/// Makes an error of a worker's record.
fn tell(worker_id: usize, record: &Record, source: Option<SourceError>) -> Error {
    let (index, message) = (record.index(), record.message());
    let stage = record.stage();
    if stage != Stage::Item {
        let message = match record.failure() {
            Some(Failure::Died) => Error::describe_death(record.signal(), record.status()),
            Some(Failure::Panic) => {
                let place = record.location().map(|place| format!(" at {place}"));
                format!("panicked{}: {message}", place.unwrap_or_default())
            }
            _ => message,
        };
        return Error::Worker { worker_id, stage: stage.phrase(), message };
    }
    match record.failure() {
        Some(Failure::Panic) => {
            Error::Panic { index, worker_id, message, location: record.location() }
        }
        Some(Failure::Source) => {
            Error::Source { index, source: source.unwrap_or_else(|| message.into()) }
        }
        Some(Failure::Died) => {
            Error::WorkerDied { index, worker_id, signal: record.signal(), status: record.status() }
        }
        Some(Failure::Refused) | None => Error::Kernel { index, worker_id, message },
    }
}
