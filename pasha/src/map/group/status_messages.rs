//! What a rank tells rank 0 during a map and at its end, and what rank 0 tells all.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::ended::{RankEnded, write_logged};
use super::message_loop::MessageLoop;
use super::rows::write_rows;
use crate::error::Result as MapResult;
use crate::group::wire::Put;
use crate::group::{LostRank, MessageKind};
use crate::job::board::{Logged, Stop};
use crate::job::peak_memory;
use crate::report::HugePages;
use crate::timeline::Row;

impl MessageLoop<'_> {
    /// Tells rank 0 of new failures here.
    pub(super) fn tell_failures(&mut self, is_final: bool) -> Result<(), LostRank> {
        let log = self.state.table.failures();
        while self.told < log.len() {
            let Some(mut logged) = log.get(self.told) else {
                if is_final {
                    // Its writer was killed.
                    self.told += 1;
                    continue;
                }
                break;
            };
            let number = self.told;
            self.told += 1;
            logged.worker_id += self.state.first_worker;
            logged.host = Some(self.ranks.group.host(self.messenger.rank()).into());
            if self.rank_zero.is_some() {
                self.note_failure(0, number, logged)?;
            } else {
                let mut message = self.messenger.message(MessageKind::Failed);
                message.put(number);
                write_logged(&logged, &mut message);
                self.messenger.send(0, Arc::new(message))?;
            }
        }
        Ok(())
    }

    pub(super) fn note_failure(
        &mut self,
        rank: usize,
        number: usize,
        logged: Logged,
    ) -> Result<Option<()>, LostRank> {
        if let Some(rank_zero) = &mut self.rank_zero {
            let reason = rank_zero.failed(rank, number, logged);
            self.elsewhere.failed.store(rank_zero.num_skipped(), Ordering::Relaxed);
            if let Some(reason) = reason {
                self.stop_all(reason)?;
            }
        }
        Ok(Some(()))
    }

    /// Tells rank 0 that this rank has stopped.
    pub(super) fn tell_stop(&mut self) -> Result<(), LostRank> {
        let table = self.state.table;
        let Some(reason) = table.stopped().filter(|_| !self.has_told_stop) else { return Ok(()) };
        // Before it the failure that it is for, which is told once it is written.
        self.tell_failures(true)?;
        self.has_told_stop = true;
        self.grants.end();
        if self.rank_zero.is_some() {
            self.note_stop(0, reason, table.fatal())?;
            return Ok(());
        }
        let mut message = self.messenger.message(MessageKind::Stop);
        message.put(reason as usize);
        message.put_option(table.fatal());
        self.messenger.send(0, Arc::new(message))
    }

    pub(super) fn note_stop(
        &mut self,
        from: usize,
        reason: Stop,
        entry: Option<usize>,
    ) -> Result<Option<()>, LostRank> {
        match &mut self.rank_zero {
            Some(rank_zero) => {
                if rank_zero.stop(from, reason, entry) {
                    self.stop_all(reason)?;
                }
            }
            None => {
                self.has_told_stop = true;
                self.state.table.stop(reason);
                self.grants.end();
            }
        }
        Ok(Some(()))
    }

    /// Tells all ranks to stop, at rank 0.
    pub(super) fn stop_all(&mut self, reason: Stop) -> Result<(), LostRank> {
        self.state.table.stop(reason);
        self.has_told_stop = true;
        self.grants.end();
        let mut message = self.messenger.message(MessageKind::Stop);
        message.put(reason as usize);
        message.put_option(None);
        self.messenger.send_all(message)
    }

    /// Tells rank 0 what the workers here did.
    pub(super) fn tell_end(&mut self, started: &MapResult<()>) -> Result<(), LostRank> {
        let table = self.state.table;
        let own = table.records().enumerate();
        let host = self.ranks.group.host(self.messenger.rank());
        let rows = self.state.recorder.map(|recorder| recorder.rows(self.state.first_worker));
        let rows = rows.into_iter().flatten().map(|row| Row { host: Some(host.into()), ..row });
        let ended = RankEnded {
            not_started: started.as_ref().err().map(ToString::to_string),
            finished: self.unsent.items - self.resumed,
            retried: table.retried().load(Ordering::Relaxed),
            peak_memory: table
                .records()
                .fold(peak_memory(), |most, record| most.max(record.peak_memory())),
            huge_pages: HugePages::of(table.pages()),
            workers: own
                .map(|(worker_id, record)| record.report(self.state.first_worker + worker_id))
                .collect(),
            rows: rows.collect(),
        };
        if let Some(rank_zero) = &mut self.rank_zero {
            rank_zero.ended(0, ended);
            return Ok(());
        }
        let mut message = self.messenger.message(MessageKind::Ended);
        ended.write(&mut message);
        write_rows(&ended.rows, &mut message);
        self.messenger.send(0, Arc::new(message))
    }

    /// Tells all what came of the map, once all ranks have ended, at rank 0.
    pub(super) fn decide(&mut self) -> Result<(), LostRank> {
        let Some(rank_zero) = &mut self.rank_zero else { return Ok(()) };
        if self.verdict.is_some() || rank_zero.missing().next().is_some() {
            return Ok(());
        }
        let (wall_time, tells_progress) = (self.begun.elapsed(), self.state.tells_progress);
        let verdict = rank_zero.verdict(self.resumed, wall_time, tells_progress);
        let mut message = self.messenger.message(MessageKind::Verdict);
        verdict.write(&mut message);
        self.messenger.send_all(message)?;
        self.verdict = Some(verdict);
        Ok(())
    }
}
