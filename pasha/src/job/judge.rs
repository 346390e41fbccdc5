//! What a failure means for the map, by the policy: again, without it, or the end.

use super::board::{End, Failure, Record, Recorder, Stage, Stop, Table};
use crate::options::OnFailure;
use std::sync::atomic::Ordering;

/// What a worker, or the one that takes its place, does after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on where its record says.
    GoOn,
    /// The map ends.
    End,
}

/// Decides on the failures of one map: those that a worker survives in the worker, deaths in the
/// parent.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'j> {
    pub(crate) table: &'j Table,
    pub(crate) policy: OnFailure,
    /// Whether the kernel has accumulators, so that a worker goes back to its last checkpoint.
    pub(crate) has_checkpoints: bool,
    /// Where failures are marked, if the context has a timeline.
    pub(crate) recorder: Option<Recorder<'j>>,
}

impl Judge<'_> {
    /// Decides on the failure that a worker's record tells of, and writes into the record where
    /// to go on.
    pub(crate) fn judge(&self, worker_id: usize, failure: Failure, end: End) -> Verdict {
        let record = self.table.record(worker_id);
        if let Some(recorder) = self.recorder {
            let at = (record.stage() == Stage::Item).then(|| record.index());
            recorder.fail(worker_id, at);
        }
        if record.stage() != Stage::Item {
            return self.judge_outside(worker_id, failure, end);
        }
        let index = record.index();
        let attempts = record.count_failure(index);
        if attempts <= self.policy.times() {
            self.table.retried().fetch_add(1, Ordering::Relaxed);
            self.go_on_from(record, index, index + 1);
            return Verdict::GoOn;
        }
        record.forget_failures();
        let log =
            |skipped| self.table.failures().add(worker_id, record, failure, attempts, end, skipped);
        match self.policy.may_skip() {
            None => {
                self.table.stop_for(Stop::Failed, log(false));
                Verdict::End
            }
            Some(at_most) => {
                let failures_before = log(true);
                if failures_before >= at_most {
                    self.table.stop(Stop::TooManyFailures);
                    return Verdict::End;
                }
                self.go_on_from(record, index + 1, index + 1);
                Verdict::GoOn
            }
        }
    }

    /// Has a worker that ended for no fault of its own go on where it was.
    pub(crate) fn go_on_unharmed(&self, worker_id: usize) -> Verdict {
        let record = self.table.record(worker_id);
        let position = record.left().start;
        self.go_on_from(record, position, position + 1);
        Verdict::GoOn
    }

    /// Decides on a failure that no item is to blame for.
    fn judge_outside(&self, worker_id: usize, failure: Failure, end: End) -> Verdict {
        let record = self.table.record(worker_id);
        let stumbles = match record.stage() {
            // The block is run again meanwhile, which is no success: what counts is its end.
            Stage::Merging => record.count_failure(!record.left().start),
            _ => record.stumble(),
        };
        if stumbles <= self.policy.stumbles() {
            let position = record.left().start;
            self.go_on_from(record, position, position);
            return Verdict::GoOn;
        }
        let entry = self.table.failures().add(worker_id, record, failure, stumbles, end, false);
        self.table.stop_for(Stop::Failed, entry);
        Verdict::End
    }

    /// Has the worker go on at an index or, since the failure may have left its accumulators half
    /// written, at its checkpoint.
    fn go_on_from(&self, record: &Record, index: usize, dirty_end: usize) {
        let index = if self.has_checkpoints { record.checkpoint_index() } else { index };
        record.go_on_from(index, dirty_end);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::memory::Memory;
    use crate::options::AfterRetries;

    fn fail_at(judge: &Judge<'_>, index: usize) -> Verdict {
        judge.table.record(0).begin_block(index, Duration::ZERO);
        judge.judge(0, Failure::Refused, End::default())
    }

    #[test]
    fn an_item_is_tried_again_then_left_out_then_the_map_ends() {
        let table = Table::new(1, 4, Memory::Private).unwrap();
        let policy = OnFailure::Retry { times: 2, then: AfterRetries::Skip { at_most: 1 } };
        let judge = Judge { table: &table, policy, has_checkpoints: false, recorder: None };
        let record = table.record(0);
        record.give(0..10);
        for _ in 0..2 {
            assert_eq!(fail_at(&judge, 3), Verdict::GoOn);
            assert_eq!((record.left(), record.dirty_end()), (3..10, 4));
        }
        assert_eq!(fail_at(&judge, 3), Verdict::GoOn);
        assert_eq!((record.left(), record.dirty_end()), (4..10, 4));
        assert_eq!(table.failures().skipped().collect::<Vec<_>>(), [3]);
        // Other items have attempts of their own.
        assert_eq!([fail_at(&judge, 7), fail_at(&judge, 7)], [Verdict::GoOn; 2]);
        assert_eq!(fail_at(&judge, 7), Verdict::End);
        assert_eq!(table.stopped(), Some(Stop::TooManyFailures));
    }

    #[test]
    fn with_accumulators_the_worker_goes_back_to_its_checkpoint() {
        let table = Table::new(1, 4, Memory::Private).unwrap();
        let policy = OnFailure::Skip { at_most: 4 };
        let judge = Judge { table: &table, policy, has_checkpoints: true, recorder: None };
        let record = table.record(0);
        record.give(0..10);
        record.set_checkpoint(2, 1);
        assert_eq!(fail_at(&judge, 6), Verdict::GoOn);
        assert_eq!((record.left(), record.dirty_end(), record.checkpoint()), (2..10, 7, 1));
    }

    #[test]
    fn a_worker_that_fails_outside_of_items_is_tried_again_only_so_often() {
        let table = Table::new(1, 4, Memory::Private).unwrap();
        let policy = OnFailure::Skip { at_most: 4 };
        let judge = Judge { table: &table, policy, has_checkpoints: false, recorder: None };
        let fail = || judge.judge(0, Failure::Panic, End::default());
        assert_eq!([fail(), fail(), fail()], [Verdict::GoOn; 3]);
        assert_eq!(fail(), Verdict::End);
        assert_eq!(table.stopped(), Some(Stop::Failed));
    }
}
