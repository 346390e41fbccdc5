//! What the end of a worker's process means for the map.

use super::Job;
use super::board::{End, Failure, Late, Stage};
use super::judge::Verdict;

impl Job<'_> {
    /// Decides what the end of a worker's process means; `true` if another is to take its place.
    /// `detail` is what else is known of its death.
    pub(crate) fn ended(&self, worker_id: usize, end: End, detail: &str) -> bool {
        if let Some(tree) = self.state.tree {
            tree.recover(worker_id);
        }
        let is_replaced = self.is_to_be_replaced(worker_id, end, detail);
        let record = self.record(worker_id);
        let died = end.status != Some(0) || record.exit_status().is_some();
        if self.state.is_staged && died && !is_replaced {
            record.lose_block();
        }
        if let Some(recorder) = self.state.recorder {
            recorder.end(worker_id, is_replaced);
        }
        is_replaced
    }

    fn is_to_be_replaced(&self, worker_id: usize, end: End, detail: &str) -> bool {
        let record = self.record(worker_id);
        let is_done = record.stage() == Stage::Done;
        let work_remains = || !record.left().is_empty() || self.state.has_unclaimed();
        let may_end_before =
            self.options().worker_lifespan.is_some() || self.options().worker_memory.is_some();
        if is_done && !(may_end_before && work_remains()) {
            return false;
        }
        self.state.table.recover_claim(worker_id, self.state.grants);
        if self.is_stopped() {
            return false;
        }
        if is_done {
            // It has run as many items as it may, or failed with much of its memory used.
            self.state.judge.go_on_unharmed(worker_id);
            record.free();
            return true;
        }
        let finished = if self.state.is_staged { 0..0 } else { record.finished_of_block() };
        self.state.note_interrupted(record, finished);
        let stage = record.stage();
        let aborted = end.signal == Some(nix::libc::SIGABRT);
        let verdict = match (record.late(), record.exit_status()) {
            _ if record.is_deadlocked() => {
                self.state.judge.judge(worker_id, Failure::Deadlocked, end)
            }
            (Late::NoMore, _) => self.state.judge.go_on_unharmed(worker_id),
            (Late::Yes, _) => self.state.judge.judge(worker_id, Failure::TimedOut, end),
            (Late::No, Some(status)) => {
                let end = End { signal: None, status: Some(status) };
                record.explain(&"", None);
                self.state.judge.judge(worker_id, Failure::Died, end)
            }
            (Late::No, None) if aborted && record.was_aborted() => {
                self.state.judge.judge(worker_id, Failure::Panic, end)
            }
            (Late::No, None) => {
                record.explain(&detail, None);
                self.state.judge.judge(worker_id, Failure::Died, end)
            }
        };
        if verdict == Verdict::End {
            return false;
        }
        if work_remains() || stage == Stage::EndHook {
            record.free();
            return true;
        }
        false
    }
}
