//! Forking one worker, and what the child does before and after its work.

use std::io;
use std::os::fd::OwnedFd;

use nix::unistd::ForkResult;
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::job::Job;
use crate::memory::LiveMappings;

/// A forked worker.
pub(super) struct Child {
    pub(super) worker_id: usize,
    /// Becomes readable when the child ends.
    pub(super) pidfd: OwnedFd,
}

/// Forks a worker, which works and ends; only the parent returns.
///
/// The parent holds the list of live mappings, so that the child finds it whole.
pub(super) fn fork(job: &Job<'_>, worker_id: usize, live: &LiveMappings) -> io::Result<Child> {
    let parent = rustix::process::getpid();
    // SAFETY: in a program with other threads the child may call only what works without them.
    // It never returns from this function: it runs `child_main`, which keeps to that for itself, and the
    // kernel, whose author is told what to rely on in the documentation of `ProcessContext`.
    let forked = unsafe { nix::unistd::fork() };
    match forked? {
        ForkResult::Child => child_main(job, worker_id, live, parent),
        ForkResult::Parent { child } => {
            let pid = Pid::from_raw(child.as_raw())
                .ok_or_else(|| io::Error::other("fork gave no process number"))?;
            match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
                Ok(pidfd) => Ok(Child { worker_id, pidfd }),
                Err(errno) => {
                    // Nobody could wait for it: end it at once.
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                    let _ =
                        rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
                    Err(errno.into())
                }
            }
        }
    }
}

/// The whole life of a child.
fn child_main(job: &Job<'_>, worker_id: usize, live: &LiveMappings, parent: Pid) -> ! {
    // The child dies with its parent, also if that died before this line.
    let tied = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let orphaned = rustix::process::getppid() != Some(parent);
    if !tied || orphaned || live.protect_all_but(job.writable()).is_err() {
        end(1);
    }
    // The threads of rayon's pools do not exist here. A pool of this thread alone makes a kernel
    // that uses rayon work, on this thread. It is never dropped: the process ends without.
    match rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() {
        Ok(pool) => std::mem::forget(pool),
        Err(_) => end(1),
    }
    job.work(worker_id);
    end(0)
}

/// Ends the process at once: no destructor and no exit handler of the parent's runs in a child,
/// and nothing that the parent has buffered is written twice.
fn end(status: i32) -> ! {
    // SAFETY: `_exit` may be called at any time; nothing of this process is used afterwards.
    unsafe { nix::libc::_exit(status) }
}
