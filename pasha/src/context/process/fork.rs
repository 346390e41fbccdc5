//! Forking one worker, and what the child does before and after its work.

use std::io;
use std::os::fd::OwnedFd;

use nix::unistd::ForkResult;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

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
/// The parent holds the list of live mappings, so that the child finds it whole, and gets it back;
/// the child's copy is unlocked there, for a kernel that allocates.
pub(super) fn fork(
    job: &Job<'_>,
    worker_id: usize,
    live: LiveMappings,
) -> (LiveMappings, io::Result<Child>) {
    let parent = rustix::process::getpid();
    // SAFETY: in a program with other threads the child may call only what works without them.
    // It never returns from this function: it runs `child_main`, which keeps to that for itself, and the
    // kernel, whose author is told what to rely on in the documentation of `ProcessContext`.
    let forked = unsafe { nix::unistd::fork() };
    let child = match forked {
        Ok(ForkResult::Child) => child_main(job, worker_id, live, parent),
        Ok(ForkResult::Parent { child }) => watch(worker_id, child),
        Err(errno) => Err(errno.into()),
    };
    (live, child)
}

/// Opens a child's pidfd; ends a child that nobody could wait for.
fn watch(worker_id: usize, child: nix::unistd::Pid) -> io::Result<Child> {
    let pid = Pid::from_raw(child.as_raw())
        .ok_or_else(|| io::Error::other("fork gave no process number"))?;
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => Ok(Child { worker_id, pidfd }),
        Err(errno) => {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
            Err(errno.into())
        }
    }
}

/// The whole life of a child.
fn child_main(job: &Job<'_>, worker_id: usize, live: LiveMappings, parent: Pid) -> ! {
    // The child dies with its parent, also if that died before this line.
    let tied = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let orphaned = rustix::process::getppid() != Some(parent);
    if !tied || orphaned || live.protect_all_but(job.writable()).is_err() {
        end(1);
    }
    drop(live);
    // The threads of rayon's pools do not exist here, so a kernel that uses rayon would wait for
    // them for ever. With a pool of this thread alone it works, on this thread.
    if pool_of_this_thread().is_err() {
        end(1);
    }
    job.work(worker_id);
    end(0)
}

/// Makes a rayon pool of the calling thread alone, for as long as the thread lives.
pub(super) fn pool_of_this_thread() -> Result<(), rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()?;
    std::mem::forget(pool);
    Ok(())
}

/// Ends the process at once: no destructor and no exit handler of the parent's runs in a child,
/// and nothing that the parent has buffered is written twice.
fn end(status: i32) -> ! {
    // SAFETY: `_exit` may be called at any time; nothing of this process is used afterwards.
    unsafe { nix::libc::_exit(status) }
}
