//! One worker's way through a map.

use super::blocks::BlockRunner;
use super::inner_loop::BlockError;
use super::state::{AfterFailure, MapState};
use super::task::Task;
use crate::error::SourceError;
use crate::functor::list::FunctorList;
use crate::job::board::{Failure, Stage};
use crate::job::forked::Generation;
use crate::job::panic::ItemBeingRead;
use crate::kernel::Kernel;

impl<K: Kernel, F: FunctorList<K::Items>> Task<'_, K, F> {
    /// One worker's part of the map; `false` if it ended the map by a failure.
    pub(crate) fn work(
        &self,
        worker_id: usize,
        state: &MapState<'_>,
        generation: Generation,
    ) -> Result<bool, SourceError> {
        let record = state.table.record(worker_id);
        state.enter(worker_id, Stage::OpeningReader);
        let mut readers = self.functors.readers()?;
        state.enter(worker_id, Stage::MakingScratch);
        let mut scratch = self.kernel.scratch();
        state.enter(worker_id, Stage::Claiming);
        self.restore(worker_id, state);
        let mut blocks = BlockRunner::new(self, state, record, generation);
        if state.is_live {
            blocks.show_again(state, record);
        }
        while !state.table.is_stopped() && !blocks.is_worn_out(record) {
            let at_least = blocks.worth_a_claim();
            let goes_on = || state.has_place(worker_id) && state.claim(worker_id, at_least);
            if record.left().is_empty() && !goes_on() {
                break;
            }
            let outcome = blocks.run(self, state, &mut readers, &mut scratch, worker_id);
            let failure = match outcome {
                Ok(()) => continue,
                Err(BlockError::Kernel(failure)) => {
                    record.explain(&failure, None);
                    Failure::Refused
                }
                Err(BlockError::Read(error)) => {
                    let reading = ItemBeingRead::begin();
                    let error = error.into();
                    record.explain(&error, None);
                    reading.end();
                    // Reaches the caller where the worker is a thread; its text always does.
                    state.keep_error(record.index(), error);
                    Failure::Source
                }
                Err(BlockError::Journal(reason)) => {
                    // No item is to blame, and none is left out for it.
                    state.enter(worker_id, Stage::Noting);
                    record.explain(&reason, None);
                    Failure::Refused
                }
                Err(BlockError::NoLength(reason)) => {
                    record.explain(&reason, None);
                    Failure::Refused
                }
                Err(BlockError::Late) => Failure::TimedOut,
            };
            match state.judge_own(worker_id, failure) {
                AfterFailure::GoOn => {}
                AfterFailure::End => return Ok(false),
                AfterFailure::MakeRoom => return Ok(true),
            }
            self.restore(worker_id, state);
            blocks.go_back();
        }
        // Of a worker whose place another takes the last block's end has made one.
        if state.is_live && !blocks.is_worn_out(record) {
            blocks.show_last(self, state, worker_id);
        }
        state.enter(worker_id, Stage::Closing);
        drop((readers, scratch));
        Ok(true)
    }

    /// Puts the worker's accumulators back to what they were where it goes on.
    fn restore(&self, worker_id: usize, state: &MapState<'_>) {
        let record = state.table.record(worker_id);
        // SAFETY: the worker's number is its own, and no slot of it is alive.
        unsafe { state.checkpoints.restore(&self.accumulators, worker_id, record) };
    }
}
