//! A map on the calling thread with nothing to look for: one block of all items.
//!
//! There are no other workers to share a table with, nothing to be claimed, and no report to be
//! made, so such a map costs little more than its loop: it can stand within the program's own.

use std::time::Duration;

use super::early_end::EarlyEnd;
use super::inner_loop::{BlockError, Seat, run_block};
use super::task::Task;
use crate::error::SourceError;
use crate::functor::list::{FunctorList, ReadList};
use crate::job::board::{End, Failure, Logged, Record, Stage, read_text};
use crate::job::forked::{self, Generation};
use crate::job::panic::{self, ItemBeingRead};
use crate::kernel::Kernel;

/// What ended such a map.
pub(crate) struct DirectFailure {
    pub(crate) logged: Logged,
    /// The error of a reader as it was.
    pub(crate) source: Option<SourceError>,
    /// Number of finished items.
    pub(crate) finished: usize,
}

impl<K: Kernel, F: FunctorList<K::Items>> Task<'_, K, F> {
    /// Runs the kernel on all items here and now.
    ///
    /// The options are plain, and this thread is in no other map.
    // The failure is in a box, because moving a whole `Result` takes longer than all the rest.
    #[inline(always)]
    pub(crate) fn run_directly(&self) -> Result<(), Box<DirectFailure>> {
        debug_assert!(!panic::in_worker());
        panic::install_hook();
        forked::watch();
        panic::CALLER.with(|record| {
            record.begin_block(0, Duration::ZERO);
            record.take_panic();
            let generation = Generation::now();
            let outcome = panic::guard(record, || self.run_whole(record));
            generation.end_if_forked();
            let (failure, source) = match outcome {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(failed)) => failed,
                Err(panic::Caught { failure }) => (failure, None),
            };
            Err(Box::new(self.failed(record, failure, source)))
        })
    }

    fn run_whole(&self, record: &Record) -> Result<(), (Failure, Option<SourceError>)> {
        record.enter(Stage::OpeningReader);
        let mut readers = self.functors.readers().map_err(|error| {
            record.explain(&error, None);
            (Failure::Refused, None)
        })?;
        record.enter(Stage::MakingScratch);
        let mut scratch = self.kernel.scratch();
        let all = 0..self.len;
        let early_end = EarlyEnd::never();
        let seat = Seat { worker_id: 0, current: record.current(), early_end: &early_end };
        record.enter(Stage::BeginningShare);
        readers.begin(all.clone());
        record.enter(Stage::Item);
        // SAFETY: this thread is the map's only worker, so that all indices and the number 0 are
        // its own, and the readers were begun with them.
        let outcome = unsafe { run_block::<K, F, _>(self, &mut readers, &mut scratch, all, &seat) };
        if outcome.is_ok() {
            record.enter(Stage::Closing);
        }
        outcome.map(drop).map_err(|error| match error {
            BlockError::Kernel(failure) => {
                record.explain(&failure, None);
                (Failure::Refused, None)
            }
            BlockError::Read(error) => {
                let reading = ItemBeingRead::begin();
                let error = error.into();
                reading.end();
                (Failure::Source, Some(error))
            }
            BlockError::NoLength(reason) | BlockError::Journal(reason) => {
                record.explain(&reason, None);
                (Failure::Refused, None)
            }
            BlockError::Late => (Failure::TimedOut, None),
        })
    }

    #[cold]
    fn failed(
        &self,
        record: &Record,
        failure: Failure,
        source: Option<SourceError>,
    ) -> DirectFailure {
        let (message, location) = record.texts();
        let (message, location) = (read_text(message.bytes()), read_text(location.bytes()));
        let finished = match record.stage() {
            Stage::Closing => self.len,
            _ => record.finished_of_block().len(),
        };
        let logged = Logged {
            failure,
            stage: record.stage(),
            index: record.index(),
            worker_id: 0,
            attempts: 1,
            end: End::default(),
            skipped: false,
            message,
            location: (!location.is_empty()).then_some(location),
            host: None,
        };
        DirectFailure { logged, source, finished }
    }
}
