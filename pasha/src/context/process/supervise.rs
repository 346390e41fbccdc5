//! The parent's side: start the workers, wait for their ends, replace the dead, end the late and
//! those that wait for what can't come.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Once;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use super::deadlock::endless_wait;
use super::end::reap;
use super::fork::fork;
use super::fork_guard::ForkGuard;
use super::memory;
use crate::error::{Error, Result, SourceError};
use crate::job::Job;
use crate::job::board::{End, Stage};
use crate::options::CancelToken;

/// A time that is as good as for ever, and can be added to any other.
const LONGEST_WAIT: Duration = Duration::from_secs(1 << 32);

/// How long a worker may do nothing between its items at least, where items have a limit.
const BETWEEN_ITEMS: Duration = Duration::from_secs(10);

/// How often to look whether workers wait for what can't come.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Runs a job in forked workers.
pub(super) fn run(job: &Job<'_>) -> Result<()> {
    prepare_rayon();
    memory::prepare();
    let mut children = Children { job, alive: Vec::with_capacity(job.num_workers()) };
    children.start(0..job.num_workers())?;
    children.supervise()
}

/// Has rayon make, once and here, what it makes on first use, so that no child waits for a
/// first use that a thread of its parent had begun.
fn prepare_rayon() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        // On a thread of its own, which stays in the pool for the rest of its life.
        let prepared = std::thread::Builder::new()
            .spawn(|| super::fork::pool_of_this_thread().map(|()| rayon::join(|| (), || ())));
        // If it can't be started, the first child does it.
        let _ = prepared.map(JoinHandle::join);
    });
}

/// A forked worker.
struct Child {
    worker_id: usize,
    process: Pid,
    /// Becomes readable when the child ends.
    pidfd: OwnedFd,
    /// What it was doing when it was last looked at, and since when.
    doing: (usize, usize, usize),
    since: Instant,
    /// What it was waiting for when that was looked at last, and when that was.
    waits: Option<String>,
    looked: Instant,
}

impl Child {
    fn kill(&self) {
        // This fails for one that has ended already, and then there is nothing to kill.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
    }
}

/// The workers that have not been waited for.
struct Children<'j, 'm> {
    job: &'j Job<'m>,
    alive: Vec<Child>,
}

impl Children<'_, '_> {
    /// Forks workers. Where one can't be, none is left: those that were started are ended by
    /// the drop of `self`.
    fn start(&mut self, workers: impl IntoIterator<Item = usize>) -> Result<()> {
        let around_forks = self.job.options().around_forks.as_deref();
        if let Some(hooks) = around_forks {
            hooks.before();
        }
        let started = self.fork_all(workers.into_iter().collect());
        if let Some(hooks) = around_forks {
            hooks.in_parent();
        }
        started
    }

    fn fork_all(&mut self, mut workers: Vec<usize>) -> Result<()> {
        while !workers.is_empty() {
            let mut gone = Vec::new();
            let mut guard = ForkGuard::hold();
            // A seat that is taken has a worker already, whatever context has started it.
            for worker_id in workers.into_iter().filter(|&worker_id| self.job.take_seat(worker_id))
            {
                let child;
                (guard, child) = fork(self.job, worker_id, guard);
                match child {
                    Ok(Some((process, pidfd))) => {
                        let doing = self.job.record(worker_id).pulse();
                        let (since, waits) = (Instant::now(), None);
                        self.alive.push(Child {
                            worker_id,
                            process,
                            pidfd,
                            doing,
                            since,
                            waits,
                            looked: since,
                        });
                    }
                    Ok(None) => gone.push(worker_id),
                    Err(error) => {
                        self.job.give_up();
                        return Err(start_failed(error));
                    }
                }
            }
            drop(guard);
            // Nobody knows how these ended, but their records may say that they were done.
            gone.retain(|&worker_id| self.job.ended(worker_id, End::default(), ""));
            workers = gone;
        }
        Ok(())
    }

    /// Waits until all have ended, and does what is to be done meanwhile.
    fn supervise(&mut self) -> Result<()> {
        // Once the map is to stop: when the workers that have not stopped are killed.
        let mut patience = None;
        while !self.alive.is_empty() {
            let now = Instant::now();
            let mut next_look = self.next_look(now);
            // Asked once in a round: a cancel that comes after this wakes the wait below.
            let stops = self.job.is_to_stop(now);
            let end = stops.then(|| *patience.get_or_insert_with(|| self.end_of_patience(now)));
            if end.is_some_and(|end| now >= end) {
                self.alive.iter().for_each(Child::kill);
                next_look = None;
            } else {
                let left = end.map(|end| end.saturating_duration_since(now));
                next_look = next_look.into_iter().chain(left).min();
                // Also of a map that is to stop, which would wait for them.
                self.end_the_late(now);
                self.end_the_deadlocked(now);
            }
            let token = self.job.token().filter(|_| !stops);
            let Woken { ended, .. } = wait(&self.alive, token, next_look)?;
            let mut replace = Vec::new();
            let mut ended = ended.into_iter();
            self.alive.retain(|child| {
                let has_ended = ended.next().unwrap_or(false);
                if has_ended && end_of(self.job, child) {
                    replace.push(child.worker_id);
                }
                !has_ended
            });
            if !replace.is_empty() {
                self.start(replace)?;
            }
        }
        Ok(())
    }

    /// When workers that have been told to stop now are killed.
    fn end_of_patience(&self, now: Instant) -> Instant {
        let limit = match self.job.is_to_end_at_once() {
            true => Duration::ZERO,
            false => self.job.options().stop_within.min(LONGEST_WAIT),
        };
        self.job.deadline().into_iter().chain([now + limit]).min().unwrap_or(now)
    }

    /// Kills workers whose item takes too long.
    fn end_the_late(&mut self, now: Instant) {
        let Some(limit) = self.job.options().item_timeout else { return };
        for child in &mut self.alive {
            let record = self.job.record(child.worker_id);
            let doing = record.pulse();
            let limit = match record.stage() {
                Stage::Item => limit,
                // Between items it may have to read ahead.
                Stage::Starting | Stage::Claiming | Stage::BeginningShare | Stage::Closing => {
                    limit.max(BETWEEN_ITEMS)
                }
                _ => Duration::MAX,
            };
            if doing != child.doing {
                (child.doing, child.since) = (doing, now);
            } else if now.duration_since(child.since) > limit {
                record.note_late(doing);
                child.kill();
                // It ends at once, but is not looked at again before that is seen.
                child.since = now;
            }
        }
    }

    /// Kills workers that wait for what can't come.
    fn end_the_deadlocked(&mut self, now: Instant) {
        for child in &mut self.alive {
            if now.duration_since(child.looked) < BETWEEN_LOOKS {
                continue;
            }
            child.looked = now;
            let waits = endless_wait(child.process);
            if waits.is_some() && waits == child.waits {
                self.job.record(child.worker_id).note_deadlock();
                child.kill();
            }
            child.waits = waits;
        }
    }

    /// How long to wait at most before looking again.
    fn next_look(&self, now: Instant) -> Option<Duration> {
        let deadline = self.job.deadline();
        let deadline = deadline.map(|deadline| deadline.saturating_duration_since(now));
        // Four looks for the time of an item: it is killed after at most 1.25 times that.
        let limit = self.job.options().item_timeout;
        let look = limit.map(|limit| (limit / 4).max(Duration::from_millis(1)));
        let looks = [deadline, look, self.job.between_looks(), Some(BETWEEN_LOOKS)];
        looks.into_iter().flatten().min()
    }
}

impl Drop for Children<'_, '_> {
    /// Ends what still runs when the start fails half-way or this thread panics.
    fn drop(&mut self) {
        self.alive.iter().for_each(Child::kill);
        for child in &self.alive {
            reap(child.pidfd.as_fd());
        }
    }
}

/// Finds out how a child has ended; `true` if another is to take its place.
fn end_of(job: &Job<'_>, child: &Child) -> bool {
    let ended = reap(child.pidfd.as_fd());
    job.record(child.worker_id).note_memory(ended.peak_memory);
    let detail = memory::explain(ended, job.options());
    job.ended(child.worker_id, ended.end, detail.as_deref().unwrap_or_default())
}

/// What ended a wait.
#[derive(Debug, PartialEq, Eq)]
struct Woken {
    /// For each child, whether it has ended.
    ended: Vec<bool>,
    /// Whether the token is cancelled.
    cancelled: bool,
}

/// Waits until a child ends, the token is cancelled, or this much time has passed. A token that is
/// cancelled already ends the wait at once.
fn wait(alive: &[Child], token: Option<&CancelToken>, at_most: Option<Duration>) -> Result<Woken> {
    let mut fds: Vec<PollFd<'_>> =
        alive.iter().map(|child| PollFd::new(&child.pidfd, PollFlags::IN)).collect();
    if let Some(token) = token {
        let wake = token.wake().map_err(|errno| start_failed(std::io::Error::from(errno)))?;
        fds.push(PollFd::from_borrowed_fd(wake, PollFlags::IN));
    }
    // A moment more than asked for, so that the time is over when it ends.
    let at_most = at_most.map(|at_most| at_most + Duration::from_micros(50));
    let at_most = at_most.and_then(|at_most| Timespec::try_from(at_most).ok());
    match rustix::event::poll(&mut fds, at_most.as_ref()) {
        Ok(_) => {
            let mut ended: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            let cancelled = ended.split_off(alive.len()).contains(&true);
            Ok(Woken { ended, cancelled })
        }
        Err(Errno::INTR) => Ok(Woken { ended: vec![false; alive.len()], cancelled: false }),
        Err(errno) => Err(start_failed(std::io::Error::from(errno))),
    }
}

/// The error of workers that can't be started.
pub(super) fn start_failed(source: impl Into<SourceError>) -> Error {
    Error::Start { what: "a worker process".to_owned(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_between_the_question_and_the_wait_ends_the_wait() {
        let long = Some(Duration::from_secs(60));
        // The token is asked, as a round begins; then it is cancelled; then the wait begins.
        let token = CancelToken::new();
        assert!(!token.is_cancelled());
        token.cancel();
        let woken = wait(&[], Some(&token), long).unwrap();
        assert_eq!(woken, Woken { ended: Vec::new(), cancelled: true });
        // The same where another wait has made the token's descriptor before.
        let token = CancelToken::new();
        let moment = Some(Duration::from_millis(1));
        assert!(!wait(&[], Some(&token), moment).unwrap().cancelled);
        token.cancel();
        assert!(wait(&[], Some(&token), long).unwrap().cancelled);
    }
}
