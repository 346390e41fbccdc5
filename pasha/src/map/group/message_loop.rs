//! The thread of a rank that talks with the others while its workers run.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::balance::{Balance, ItemRequest};
use super::ended::{RankEnded, RanksVerdict, read_logged};
use super::rank_zero::RankZero;
use super::rate::Rate;
use super::rows::read_rows;
use super::slot_messages::{OtherRanks, SlotMessages};
use super::slots::Unsent;
use crate::context::Ranks;
use crate::error::Result as MapResult;
use crate::group::wire::{Put, Take};
use crate::group::{ENDED_IN_A_MAP, HEAD, LostRank, MessageKind, Messenger, not_understood};
use crate::job::board::{Grants, Stop};
use crate::job::work::MapState;
use crate::options::Splitting;

/// Items that are done within this time are claimed ahead.
const AHEAD: Duration = Duration::from_millis(1);
/// The shortest and the longest pause between looks.
const PAUSES: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(1)];
/// How often finished slots are looked for, and how often few of them are sent, too.
const LOOKS_FOR_SLOTS: Duration = Duration::from_millis(2);
const SENDS_FEW: Duration = Duration::from_millis(100);
/// Bytes under way above which nothing is added.
const MOST_UNSENT: usize = 32 << 20;

/// One rank's talk with the others during a map.
pub(super) struct MessageLoop<'p> {
    pub(super) messenger: &'p mut Messenger,
    pub(super) ranks: &'p Ranks,
    pub(super) state: &'p MapState<'p>,
    pub(super) grants: &'p Grants,
    pub(super) slot_messages: SlotMessages<'p>,
    pub(super) elsewhere: &'p OtherRanks,
    pub(super) begun: Instant,
    pub(super) unsent: Unsent,
    pub(super) looked_for_slots: Instant,
    pub(super) sent_few: Instant,
    /// Entries of the log that rank 0 knows.
    pub(super) told: usize,
    pub(super) has_told_stop: bool,
    /// Whether rank 0 has been asked for items and has not answered.
    pub(super) is_asking: bool,
    rate: Rate,
    /// At rank 0.
    pub(super) rank_zero: Option<RankZero>,
    /// Items that an earlier run had finished, of which rank 0 alone knows.
    pub(super) resumed: usize,
    pub(super) verdict: Option<RanksVerdict>,
}

impl<'p> MessageLoop<'p> {
    pub(super) fn new(
        messenger: &'p mut Messenger,
        ranks: &'p Ranks,
        state: &'p MapState<'p>,
        grants: &'p Grants,
        slot_messages: SlotMessages<'p>,
        elsewhere: &'p OtherRanks,
    ) -> Self {
        let now = Instant::now();
        let mut unsent = Unsent::default();
        let is_static = state.shares.splitting == Splitting::Static;
        let rank = messenger.rank();
        if state.len > 0 && is_static {
            // So that whatever other ranks do is theirs.
            grants.end();
            for worker in 0..state.table.num_workers() {
                unsent.add(state.shares.given(state.first_worker + worker));
            }
        }
        let mut missing = Vec::new();
        let mut resumed = 0;
        if rank == 0 {
            let mut next = 0;
            while let Some(file) = state.job_file {
                let found = file.next_missing(next..state.len).unwrap_or(state.len..state.len);
                if next < found.start {
                    // The others have not seen what an earlier run has finished.
                    resumed += found.start - next;
                    grants.finished.note(next..found.start);
                    unsent.add(next..found.start);
                }
                next = found.end;
                if found.is_empty() {
                    break;
                }
                missing.push(found);
            }
            if state.job_file.is_none() && !is_static {
                missing.push(0..state.len);
            }
        }
        let num_ranks = ranks.group.size();
        let at_most = state.judge.policy.may_skip();
        let rank_zero = (rank == 0).then(|| {
            let together = match state.shares.splitting {
                Splitting::Fixed(items) => items.get().max(state.shares.together),
                _ => state.shares.together,
            };
            let balance = Balance::new(missing, state.len, together, num_ranks);
            RankZero::new(balance, at_most, num_ranks)
        });
        MessageLoop {
            messenger,
            ranks,
            state,
            grants,
            slot_messages,
            elsewhere,
            begun: now,
            unsent,
            looked_for_slots: now,
            sent_few: now,
            told: 0,
            has_told_stop: false,
            is_asking: false,
            rate: Rate::new(now),
            rank_zero,
            resumed,
            verdict: None,
        }
    }

    /// Talks until the workers here have ended.
    pub(super) fn until(&mut self, have_ended: &AtomicBool) -> Result<(), LostRank> {
        let mut pause = PAUSES[0];
        loop {
            // Asked first, so that what the workers did at last is seen below.
            let is_last = have_ended.load(Ordering::Acquire);
            let was_busy = self.step(false)?;
            if is_last {
                return Ok(());
            }
            pause = if was_busy { PAUSES[0] } else { (pause * 2).min(PAUSES[1]) };
            self.messenger.wait(pause);
        }
    }

    /// Talks until all is said: sends the rest, and gets what came of the map.
    pub(super) fn finish(&mut self, started: &MapResult<()>) -> Result<RanksVerdict, LostRank> {
        // Whoever failed to start may have left items that it was granted.
        self.grants.end();
        loop {
            self.step(true)?;
            if self.messenger.unsent() < MOST_UNSENT && !self.send_slots(true)? {
                break;
            }
            self.rest();
        }
        self.tell_failures(true)?;
        self.tell_stop()?;
        self.tell_end(started)?;
        loop {
            self.step(true)?;
            self.decide()?;
            // Of what others have finished everything has to be here.
            let has_all = |verdict: &RanksVerdict| {
                let here = self.unsent.items + self.elsewhere.arrived();
                self.messenger.rank() != 0 && self.is_for_root() || here >= verdict.finished
            };
            if self.verdict.as_ref().is_some_and(has_all)
                && self.messenger.unsent() == 0
                && let Some(verdict) = self.verdict.take()
            {
                return Ok(verdict);
            }
            self.look_for_the_gone()?;
            self.rest();
        }
    }

    /// Lets others run, once the workers here have ended. What is under way goes on only while
    /// somebody looks.
    fn rest(&mut self) {
        match self.messenger.unsent() {
            0 => self.messenger.wait(PAUSES[0]),
            _ => std::thread::yield_now(),
        }
    }

    /// A rank that has left in the middle of the map is lost.
    fn look_for_the_gone(&mut self) -> Result<(), LostRank> {
        if self.verdict.is_some() {
            // Who knows it has done its part, and may go.
            return Ok(());
        }
        let gone = |rank: &usize| self.messenger.left(*rank).is_some();
        let gone = match &self.rank_zero {
            Some(rank_zero) => rank_zero.missing().filter(|&rank| rank != 0).find(gone),
            None => Some(0).filter(gone),
        };
        match gone {
            None => Ok(()),
            Some(rank) => self.messenger.lose(rank, ENDED_IN_A_MAP.to_owned()),
        }
    }

    /// Does what there is to do now; whether there was anything.
    fn step(&mut self, is_final: bool) -> Result<bool, LostRank> {
        let mut was_busy = false;
        while let Some((from, kind, message)) = self.messenger.receive()? {
            was_busy = true;
            let understood = self.take_in(from, kind, &message[HEAD..])?;
            if understood.is_none() {
                let what = not_understood(kind);
                self.messenger.lose(from, what)?;
            }
        }
        self.look_for_the_gone()?;
        self.state.check_stop(Instant::now());
        self.tell_failures(is_final)?;
        self.tell_stop()?;
        was_busy |= self.claim()?;
        let now = Instant::now();
        if !is_final && now.duration_since(self.looked_for_slots) > LOOKS_FOR_SLOTS {
            let sends_few = now.duration_since(self.sent_few) > SENDS_FEW;
            if sends_few {
                self.sent_few = now;
            }
            was_busy |= self.send_slots(sends_few)?;
            // Not more than a twentieth of the time.
            let took = now.elapsed();
            self.looked_for_slots = now + took * 20;
        }
        Ok(was_busy)
    }

    /// Takes a message in; `None` if it can't be understood.
    fn take_in(
        &mut self,
        from: usize,
        kind: MessageKind,
        mut rest: &[u8],
    ) -> Result<Option<()>, LostRank> {
        let rest = &mut rest;
        Ok(match kind {
            MessageKind::Claim => self.take_claim(from, rest)?,
            MessageKind::Grant => self.take_grant(rest),
            MessageKind::Over => {
                self.grants.end();
                Some(())
            }
            MessageKind::Slots => self.take_slots(rest),
            MessageKind::Failed => match rest.take().zip(read_logged(rest)) {
                Some((number, logged)) => self.note_failure(from, number, logged)?,
                None => None,
            },
            MessageKind::Stop => match (rest.take(), rest.take_option()) {
                (Some(reason), Some(entry)) => match Stop::of(reason as u32) {
                    Some(reason) => self.note_stop(from, reason, entry)?,
                    None => None,
                },
                _ => None,
            },
            MessageKind::Ended => {
                RankEnded::read(rest).zip(read_rows(rest)).map(|(ended, rows)| {
                    if let Some(rank_zero) = &mut self.rank_zero {
                        rank_zero.ended(from, RankEnded { rows, ..ended });
                    }
                })
            }
            MessageKind::Verdict => {
                RanksVerdict::read(rest).map(|verdict| self.verdict = Some(verdict))
            }
            _ => Some(()),
        })
    }

    fn take_claim(&mut self, from: usize, rest: &mut &[u8]) -> Result<Option<()>, LostRank> {
        let (Some(waiting), Some(rate)) = (rest.take(), rest.take()) else { return Ok(None) };
        let wish = ItemRequest { waiting, rate: f64::from_bits(rate as u64) };
        self.answer(from, wish)?;
        Ok(Some(()))
    }

    /// Gives a rank its next items, at rank 0.
    fn answer(&mut self, rank: usize, wish: ItemRequest) -> Result<(), LostRank> {
        let Some(rank_zero) = &mut self.rank_zero else { return Ok(()) };
        let block = rank_zero.grant(rank, wish);
        if rank == 0 {
            self.is_asking = false;
            match block {
                Some(block) => self.take_block(block),
                None => self.grants.end(),
            }
            return Ok(());
        }
        let message = match block {
            Some(block) => {
                let mut message = self.messenger.message(MessageKind::Grant);
                message.put(block.start);
                message.put(block.end);
                message
            }
            None => self.messenger.message(MessageKind::Over),
        };
        self.messenger.send(rank, Arc::new(message))
    }

    fn take_grant(&mut self, rest: &mut &[u8]) -> Option<()> {
        let block = rest.take()?..rest.take()?;
        self.is_asking = false;
        (block.start < block.end && block.end <= self.state.len).then(|| self.take_block(block))
    }

    fn take_block(&mut self, block: Range<usize>) {
        self.unsent.add(block.clone());
        if !self.grants.grant(block) {
            // `least_block` keeps it from happening.
            self.state.table.stop(Stop::Context);
        }
    }

    fn take_slots(&mut self, rest: &mut &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let run = rest.take()?..rest.take()?;
            // Nobody but the rank that says so has run them.
            let are_new =
                run.end <= self.state.len && self.grants.finished.next(run.clone()).is_none();
            if !are_new || run.is_empty() {
                return None;
            }
            (self.slot_messages.unpack)(&run, rest)?;
            self.state.note_finished(run.clone());
            self.elsewhere.arrived.fetch_add(run.len(), Ordering::Relaxed);
        }
        Some(())
    }

    /// Asks for items, if the workers are about to have none.
    fn claim(&mut self) -> Result<bool, LostRank> {
        if self.is_asking || self.grants.is_over() || self.state.table.is_stopped() {
            return Ok(false);
        }
        let unclaimed = self.grants.granted().saturating_sub(self.state.table.claimed());
        let waiting = self.grants.num_waiting().min(self.state.table.num_workers());
        let rate = self.rate.now(self.state.table.finished_blocks());
        let ahead = rate * AHEAD.as_secs_f64();
        let is_first = self.grants.granted() == 0;
        let is_wanted = unclaimed == 0 && waiting > 0 || ahead >= 1.0 && (unclaimed as f64) < ahead;
        if !is_first && !is_wanted {
            return Ok(false);
        }
        let waiting = if is_first { self.state.table.num_workers() } else { waiting };
        self.is_asking = true;
        if self.rank_zero.is_some() {
            self.answer(0, ItemRequest { waiting, rate })?;
        } else {
            let mut message = self.messenger.message(MessageKind::Claim);
            message.put(waiting);
            message.put(rate.to_bits() as usize);
            self.messenger.send(0, Arc::new(message))?;
        }
        Ok(true)
    }

    /// Sends finished slots that are worth it, or all; whether there were any.
    fn send_slots(&mut self, all: bool) -> Result<bool, LostRank> {
        if self.messenger.unsent() > MOST_UNSENT {
            return Ok(false);
        }
        let runs = self.unsent.take(self.grants, all);
        if runs.is_empty() {
            return Ok(false);
        }
        let mut message = self.messenger.message(MessageKind::Slots);
        let mut items = 0;
        for run in runs {
            items += run.len();
            message.put(run.start);
            message.put(run.end);
            (self.slot_messages.pack)(&run, &mut message);
        }
        self.unsent.note(items, message.len());
        if !self.is_for_root() {
            self.messenger.send_all(message)?;
        } else if self.rank_zero.is_none() {
            self.messenger.send(0, Arc::new(message))?;
        }
        Ok(true)
    }

    /// Whether rank 0 alone wants slots, be it to know that they are finished.
    fn is_for_root(&self) -> bool {
        self.ranks.at_root || !self.slot_messages.has_slots
    }
}
