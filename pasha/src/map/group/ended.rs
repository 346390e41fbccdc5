//! What a rank says when its workers have ended, and what rank 0 makes of it for all.

use std::time::Duration;

use crate::error::Result;
use crate::group::wire::{Put, Take};
use crate::job::board::{End, Failure, Logged, Stage, Stop};
use crate::report::{HugePages, WorkerReport};
use crate::timeline::Row;

/// What the workers of a rank did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RankEnded {
    /// Why its workers could not be started, if so.
    pub(super) not_started: Option<String>,
    /// Items whose slots it has sent.
    pub(super) finished: usize,
    pub(super) retried: usize,
    pub(super) peak_memory: usize,
    pub(super) huge_pages: HugePages,
    pub(super) workers: Vec<WorkerReport>,
    /// What its workers did when, which only rank 0 is told.
    pub(super) rows: Vec<Row>,
}

/// What came of a map over several ranks, the same on all of them.
#[derive(Debug)]
pub(crate) struct RanksVerdict {
    pub(crate) stopped: Option<Stop>,
    /// The entry in the log that ended the map.
    pub(crate) fatal: Option<usize>,
    pub(crate) log: Vec<Logged>,
    /// Items that are finished, those of an earlier run included.
    pub(crate) finished: usize,
    pub(crate) resumed: usize,
    pub(crate) wall_time: Duration,
    pub(crate) ranks: Vec<RankEnded>,
    /// Whether rank 0 has yet to say that it could tell of the progress.
    pub(crate) tells_progress: bool,
    /// Whether all workers could be started; the error as it was, where that is known.
    pub(crate) started: Result<()>,
}

impl RanksVerdict {
    /// The first rank whose workers could not be started, and why.
    pub(super) fn not_started(&self) -> Option<(usize, String)> {
        let mut ranks = self.ranks.iter().enumerate();
        ranks.find_map(|(rank, ended)| Some((rank, ended.not_started.clone()?)))
    }

    /// What all workers did when, at rank 0.
    pub(crate) fn take_rows(&mut self) -> Vec<Row> {
        self.ranks.iter_mut().flat_map(|rank| std::mem::take(&mut rank.rows)).collect()
    }

    /// What the report says of all workers.
    pub(crate) fn workers(&self) -> Vec<WorkerReport> {
        self.ranks.iter().flat_map(|rank| rank.workers.clone()).collect()
    }

    /// How often an item was run again.
    pub(crate) fn retried(&self) -> usize {
        self.ranks.iter().map(|rank| rank.retried).sum()
    }

    /// The most memory of a process.
    pub(crate) fn peak_memory(&self) -> usize {
        self.ranks.iter().map(|rank| rank.peak_memory).max().unwrap_or(0)
    }

    /// What came of asking for huge pages.
    pub(crate) fn huge_pages(&self) -> HugePages {
        self.ranks.iter().fold(HugePages::default(), |all, rank| HugePages {
            made: all.made + rank.huge_pages.made,
            refused: all.refused + rank.huge_pages.refused,
            errno: all.errno.or(rank.huge_pages.errno),
        })
    }

    pub(super) fn write(&self, message: &mut Vec<u8>) {
        message.put(self.stopped.map_or(0, |stop| stop as usize));
        message.put_option(self.fatal);
        message.put(self.finished);
        message.put(self.resumed);
        message.put(self.wall_time.as_nanos() as usize);
        message.put(usize::from(self.tells_progress));
        message.put(self.log.len());
        self.log.iter().for_each(|logged| write_logged(logged, message));
        message.put(self.ranks.len());
        self.ranks.iter().for_each(|rank| rank.write(message));
    }

    pub(super) fn read(rest: &mut &[u8]) -> Option<RanksVerdict> {
        let stopped = Stop::of(rest.take()? as u32);
        let fatal = rest.take_option()?;
        let (finished, resumed) = (rest.take()?, rest.take()?);
        let wall_time = Duration::from_nanos(rest.take()? as u64);
        let tells_progress = rest.take()? != 0;
        let log = rest.take()?;
        let log = (0..log).map(|_| read_logged(rest)).collect::<Option<_>>()?;
        let ranks = rest.take()?;
        let ranks = (0..ranks).map(|_| RankEnded::read(rest)).collect::<Option<_>>()?;
        Some(RanksVerdict {
            stopped,
            fatal,
            log,
            finished,
            resumed,
            wall_time,
            ranks,
            tells_progress,
            started: Ok(()),
        })
    }
}

impl RankEnded {
    pub(super) fn write(&self, message: &mut Vec<u8>) {
        let HugePages { made, refused, errno } = self.huge_pages;
        message.put(usize::from(self.not_started.is_some()));
        message.put_bytes(self.not_started.as_deref().unwrap_or_default().as_bytes());
        message.put(self.finished);
        message.put(self.retried);
        message.put(self.peak_memory);
        message.put(made);
        message.put(refused);
        message.put_option(errno.map(|errno| errno as usize));
        message.put(self.workers.len());
        for worker in &self.workers {
            message.put(worker.worker_id);
            message.put(worker.finished);
            message.put(worker.shares);
            message.put(worker.busy.as_nanos() as usize);
            message.put(worker.replaced);
            message.put_option(worker.peak_memory);
        }
    }

    pub(super) fn read(rest: &mut &[u8]) -> Option<RankEnded> {
        let is_told = rest.take()? != 0;
        let reason = rest.take_text()?;
        let (finished, retried, peak_memory) = (rest.take()?, rest.take()?, rest.take()?);
        let (made, refused) = (rest.take()?, rest.take()?);
        let errno = rest.take_option()?.map(|errno| errno as i32);
        let workers = rest.take()?;
        let worker = |_| {
            Some(WorkerReport {
                worker_id: rest.take()?,
                finished: rest.take()?,
                shares: rest.take()?,
                busy: Duration::from_nanos(rest.take()? as u64),
                replaced: rest.take()?,
                peak_memory: rest.take_option()?,
            })
        };
        Some(RankEnded {
            not_started: is_told.then_some(reason),
            finished,
            retried,
            peak_memory,
            huge_pages: HugePages { made, refused, errno },
            workers: (0..workers).map(worker).collect::<Option<_>>()?,
            rows: Vec::new(),
        })
    }
}

/// Adds an entry of a log to a message.
pub(super) fn write_logged(logged: &Logged, message: &mut Vec<u8>) {
    message.put(logged.failure as usize);
    message.put(logged.stage as usize);
    message.put(usize::from(logged.skipped));
    message.put(logged.index);
    message.put(logged.worker_id);
    message.put(logged.attempts);
    message.put_option(logged.end.signal.map(|signal| signal as usize));
    message.put_option(logged.end.status.map(|status| status as usize));
    message.put_bytes(logged.message.as_bytes());
    message.put(usize::from(logged.location.is_some()));
    message.put_bytes(logged.location.as_deref().unwrap_or_default().as_bytes());
    message.put_bytes(logged.host.as_deref().unwrap_or_default().as_bytes());
}

/// Takes an entry of a log from a message.
pub(super) fn read_logged(rest: &mut &[u8]) -> Option<Logged> {
    let failure = Failure::of(rest.take()? as u32)?;
    let stage = Stage::of(rest.take()? as u32);
    let skipped = rest.take()? != 0;
    let (index, worker_id, attempts) = (rest.take()?, rest.take()?, rest.take()?);
    let signal = rest.take_option()?.map(|signal| signal as i32);
    let status = rest.take_option()?.map(|status| status as i32);
    let message = rest.take_text()?;
    let has_location = rest.take()? != 0;
    let location = rest.take_text()?;
    let host = rest.take_text()?;
    Some(Logged {
        failure,
        stage,
        skipped,
        index,
        worker_id,
        attempts,
        end: End { signal, status },
        message,
        location: has_location.then_some(location),
        host: Some(host).filter(|host| !host.is_empty()).map(String::into_boxed_str),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_comes_out_as_it_went_in() {
        let logged = Logged {
            failure: Failure::Died,
            stage: Stage::Item,
            skipped: true,
            index: 17,
            worker_id: 3,
            attempts: 2,
            end: End { signal: Some(9), status: None },
            message: "gone".to_owned(),
            location: None,
            host: Some("node-a".into()),
        };
        let worker = WorkerReport {
            worker_id: 3,
            finished: 7,
            shares: 2,
            busy: Duration::from_millis(5),
            replaced: 1,
            peak_memory: Some(1 << 20),
        };
        let rank = RankEnded {
            not_started: Some("no".to_owned()),
            huge_pages: HugePages { made: 1, refused: 2, errno: Some(12) },
            workers: vec![worker],
            ..RankEnded::default()
        };
        let verdict = RanksVerdict {
            stopped: Some(Stop::TooManyFailures),
            fatal: Some(0),
            log: vec![logged.clone()],
            finished: 5,
            resumed: 1,
            wall_time: Duration::from_secs(2),
            ranks: vec![RankEnded::default(), rank.clone()],
            tells_progress: true,
            started: Ok(()),
        };
        let mut message = Vec::new();
        verdict.write(&mut message);
        let read = RanksVerdict::read(&mut message.as_slice()).unwrap();
        assert_eq!((read.stopped, read.fatal), (Some(Stop::TooManyFailures), Some(0)));
        assert_eq!((read.log, read.ranks), (vec![logged], vec![RankEnded::default(), rank]));
        assert_eq!((read.finished, read.resumed), (5, 1));
        assert_eq!((read.wall_time, read.tells_progress), (Duration::from_secs(2), true));
        assert!(RanksVerdict::read(&mut &message[..message.len() - 1]).is_none());
    }
}
