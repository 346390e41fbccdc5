//! Jobs that go on after a loss of power: what is finished is noted once it is on the disk.
//!
//! The workers note finished items in memory. A thread of the caller's takes note of them now and
//! then, has what they have written put on the disk, and then notes them in the job file. What
//! reductions have come to is saved after that: of blocks that are noted and not saved the notes
//! are forgotten when the job is gone on with, whereas the notes must not be behind what is saved.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::job::board::{FinishedItems, Stop, Table};
use crate::job::tree::MergeTree;
use crate::memory::{MappingId, sync};
use crate::options::ticking::at_intervals;
use crate::resume::{JobFile, Journal};

/// How often to look whether it is time.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// What is finished is noted after this time …
const LEAST_INTERVAL: Duration = Duration::from_secs(1);
/// … and after this many times the time that it took before.
const TIMES_THE_COST: u32 = 20;

/// What a durable job writes.
pub(super) struct Durable<'d> {
    pub(super) job_file: &'d JobFile,
    pub(super) journal: Option<&'d Journal>,
    pub(super) tree: Option<&'d MergeTree<'d>>,
    pub(super) finished: &'d FinishedItems,
    /// The mappings of the outputs.
    pub(super) outputs: Vec<MappingId>,
}

/// How far a durable job is noted.
struct Noted {
    /// The finished items that are noted, by bits.
    known: Vec<u64>,
    last: Instant,
    cost: Duration,
    error: Option<Error>,
}

impl Durable<'_> {
    /// Runs a map and notes meanwhile, and at its end, what is finished.
    ///
    /// # Errors
    /// [`Error::File`] if something can't be put on the disk; the map is stopped then.
    pub(super) fn during<T>(&self, table: &Table, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.job_file.sync_whole()?;
        // Before anything is noted, which without it could not be gone on with.
        if let Some(snapshot) = self.tree.and_then(MergeTree::snapshot) {
            snapshot.write()?;
        }
        let noted = Mutex::new(Noted {
            known: self.finished.none_known(),
            last: Instant::now(),
            cost: Duration::ZERO,
            error: None,
        });
        let lock = || noted.lock().unwrap_or_else(PoisonError::into_inner);
        let tick = |has_ended: bool| {
            let noted = &mut *lock();
            let pause = LEAST_INTERVAL.max(noted.cost * TIMES_THE_COST);
            table.tick();
            if has_ended || noted.last.elapsed() < pause {
                return ControlFlow::Continue(());
            }
            match self.note(noted) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    noted.error = Some(error);
                    table.stop(Stop::Context);
                    ControlFlow::Break(())
                }
            }
        };
        let ran = at_intervals(BETWEEN_LOOKS, "pasha-durable", tick, run);
        let noted = &mut *lock();
        match noted.error.take() {
            Some(error) => Err(error),
            // Also after a failure: what was finished is not lost.
            None => self.note(noted).and(ran),
        }
    }

    /// Puts on the disk what is finished now, and notes that.
    fn note(&self, noted: &mut Noted) -> Result<()> {
        let begun = Instant::now();
        let mut items = Vec::new();
        // Before the outputs are: what is finished then is written.
        let snapshot = self.tree.and_then(MergeTree::snapshot);
        match &snapshot {
            None => self.finished.add_to(&mut noted.known, |row| items.push(row)),
            // Of a block that does not count nothing is noted.
            Some(snapshot) => {
                for block in snapshot.items() {
                    let mut from = block.start;
                    while let Some(row) = self.finished.next(from..block.end) {
                        from = row.end;
                        if !self.job_file.are_finished(row.clone()) {
                            items.push(row);
                        }
                    }
                }
            }
        }
        if !items.is_empty() {
            sync(&self.outputs).map_err(|source| Error::File {
                action: "sync the outputs of",
                path: self.job_file.path().to_owned(),
                source,
            })?;
            self.journal.map_or(Ok(()), Journal::sync)?;
            items.into_iter().for_each(|row| self.job_file.note(row));
            self.job_file.sync()?;
            if let Some(snapshot) = snapshot {
                snapshot.write()?;
            }
        }
        (noted.last, noted.cost) = (Instant::now(), begun.elapsed());
        Ok(())
    }
}
