//! Rank 0's part: it hands out items, decides when the map stops, and gathers what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use super::balance::{Balance, ItemRequest};
use super::ended::{RankEnded, RanksVerdict};
use crate::job::board::{Logged, Stop};

/// What rank 0 knows of a map.
#[derive(Debug)]
pub(super) struct RankZero {
    balance: Balance,
    /// How many items may be skipped, over all ranks.
    at_most: Option<usize>,
    log: Vec<Logged>,
    /// The entry in the log of a rank's entry.
    entries: BTreeMap<(usize, usize), usize>,
    skipped: BTreeSet<usize>,
    stopped: Option<Stop>,
    fatal: Option<usize>,
    ended: Vec<Option<RankEnded>>,
}

impl RankZero {
    pub(super) fn new(balance: Balance, at_most: Option<usize>, num_ranks: usize) -> RankZero {
        RankZero {
            balance,
            at_most,
            log: Vec::new(),
            entries: BTreeMap::new(),
            skipped: BTreeSet::new(),
            stopped: None,
            fatal: None,
            ended: vec![None; num_ranks],
        }
    }

    /// The next items for a rank.
    pub(super) fn grant(&mut self, rank: usize, wish: ItemRequest) -> Option<Range<usize>> {
        self.balance.grant(rank, wish)
    }

    /// Takes note of a failure; the reason to stop, if this is one.
    pub(super) fn failed(&mut self, rank: usize, number: usize, logged: Logged) -> Option<Stop> {
        if logged.skipped {
            self.skipped.insert(logged.index);
        }
        self.entries.insert((rank, number), self.log.len());
        self.log.push(logged);
        let is_too_many = self.at_most.is_some_and(|at_most| self.skipped.len() > at_most);
        (is_too_many && self.stop(rank, Stop::TooManyFailures, None))
            .then_some(Stop::TooManyFailures)
    }

    /// The number of items that failed and were left out.
    pub(super) fn num_skipped(&self) -> usize {
        self.skipped.len()
    }

    /// Takes note that a rank has stopped, by this entry of its log; whether it is the first.
    pub(super) fn stop(&mut self, rank: usize, reason: Stop, entry: Option<usize>) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        self.balance.stop();
        self.stopped = Some(reason);
        self.fatal = entry.and_then(|entry| self.entries.get(&(rank, entry)).copied());
        true
    }

    /// Takes note of what the workers of a rank did.
    pub(super) fn ended(&mut self, rank: usize, ended: RankEnded) {
        self.ended[rank] = Some(ended);
    }

    /// The ranks that have not said yet that their workers have ended.
    pub(super) fn missing(&self) -> impl Iterator<Item = usize> {
        self.ended.iter().enumerate().filter(|(_, ended)| ended.is_none()).map(|(rank, _)| rank)
    }

    /// What came of it, once no rank is missing.
    pub(super) fn verdict(
        &mut self,
        resumed: usize,
        wall_time: Duration,
        tells_progress: bool,
    ) -> RanksVerdict {
        let ranks: Vec<RankEnded> = self.ended.iter_mut().flat_map(Option::take).collect();
        let finished = resumed + ranks.iter().map(|rank| rank.finished).sum::<usize>();
        RanksVerdict {
            stopped: self.stopped,
            fatal: self.fatal,
            log: std::mem::take(&mut self.log),
            finished,
            resumed,
            wall_time,
            ranks,
            tells_progress,
            started: Ok(()),
        }
    }
}
