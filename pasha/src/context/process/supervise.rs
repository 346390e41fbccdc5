//! The parent's side: start the workers, wait for their ends, tell the deaths.

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Once;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Signal, WaitId, WaitIdOptions};

use super::fork::{Child, fork};
use super::start_failed;
use crate::error::Result;
use crate::job::Job;
use crate::memory::LiveMappings;

/// Runs a job in forked workers.
pub(super) fn run(job: &Job<'_>) -> Result<()> {
    prepare_rayon();
    // What the program has printed but not yet written would be written by each child too.
    let _ = std::io::stdout().flush();
    let mut children = Children { alive: Vec::with_capacity(job.num_workers()) };
    // The guard keeps the list of mappings still while children are made with a copy of it.
    let mut live = LiveMappings::lock();
    for worker_id in 0..job.num_workers() {
        let child;
        (live, child) = fork(job, worker_id, live);
        match child {
            Ok(child) => children.alive.push(child),
            Err(error) => {
                job.stop();
                return Err(start_failed(error));
            }
        }
    }
    drop(live);
    children.supervise(job)
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

/// The workers that have not been waited for.
struct Children {
    alive: Vec<Child>,
}

impl Children {
    /// Waits until all have ended, and tells the job of those that died.
    fn supervise(&mut self, job: &Job<'_>) -> Result<()> {
        while !self.alive.is_empty() {
            let mut fds: Vec<PollFd<'_>> =
                self.alive.iter().map(|child| PollFd::new(&child.pidfd, PollFlags::IN)).collect();
            match rustix::event::poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(start_failed(std::io::Error::from(errno))),
            }
            let ended: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            let mut ended = ended.into_iter();
            self.alive.retain(|child| {
                let ended = ended.next().unwrap_or(false);
                if ended {
                    let (signal, status) = reap(child);
                    if !job.has_ended(child.worker_id) {
                        job.died(child.worker_id, signal, status);
                    }
                }
                !ended
            });
        }
        Ok(())
    }
}

impl Drop for Children {
    /// Ends what still runs when the start fails half-way or this thread panics.
    fn drop(&mut self) {
        for child in &self.alive {
            let _ = rustix::process::pidfd_send_signal(&child.pidfd, Signal::KILL);
        }
        for child in &self.alive {
            reap(child);
        }
    }
}

/// Takes an ended child off the process table, and says how it ended: by a signal or with a
/// status; neither, if the program reaps all its children itself and was faster.
fn reap(child: &Child) -> (Option<i32>, Option<i32>) {
    loop {
        match rustix::process::waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED) {
            Ok(Some(end)) => return (end.terminating_signal(), end.exit_status()),
            Err(Errno::INTR) => {}
            Ok(None) | Err(_) => return (None, None),
        }
    }
}
