//! Forking one worker, and what the child does before and after its work.

use std::io;
use std::os::fd::OwnedFd;

use nix::unistd::ForkResult;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use super::end;
use super::fork_guard::{self, ForkGuard};
use crate::files::above_standard;
use crate::job::{Job, forked, panic, pin};
use crate::memory::own_data::limit_own_data;

/// Forks a worker, which works and ends; only the parent returns, with the child's number and what
/// becomes readable when it ends, or nothing if it has ended already and the program reaps all its
/// children.
///
/// The guard comes back to the parent; the child lets go of its copy.
pub(super) fn fork(
    job: &Job<'_>,
    worker_id: usize,
    guard: ForkGuard,
) -> (ForkGuard, io::Result<Option<(Pid, OwnedFd)>>) {
    let parent = rustix::process::getpid();
    // SAFETY: in a program with other threads the child may call only what works without them. It
    // never returns from this function: it runs `child_main`, which keeps to that for itself, and
    // the kernel, whose author is told what to rely on in the documentation of `ProcessContext`.
    let forked = unsafe { nix::unistd::fork() };
    let child = match forked {
        Ok(ForkResult::Child) => child_main(job, worker_id, guard, parent),
        Ok(ForkResult::Parent { child }) => watch(child).inspect(|_| job.record(worker_id).watch()),
        Err(errno) => Err(errno.into()),
    };
    (guard, child)
}

/// Opens a child's pidfd; ends a child that nobody could wait for.
fn watch(child: nix::unistd::Pid) -> io::Result<Option<(Pid, OwnedFd)>> {
    let pid = Pid::from_raw(child.as_raw())
        .ok_or_else(|| io::Error::other("fork gave no process number"))?;
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()).and_then(above_standard) {
        Ok(pidfd) => Ok(Some((pid, pidfd))),
        Err(Errno::SRCH) => Ok(None),
        Err(errno) => {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
            Err(errno.into())
        }
    }
}

/// The whole life of a child.
fn child_main(job: &Job<'_>, worker_id: usize, guard: ForkGuard, parent: Pid) -> ! {
    // The child dies with its parent, also if that died before this line.
    let tied = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let orphaned = rustix::process::getppid() != Some(parent);
    if !tied || orphaned || guard.live.protect_all_but(job.writable()).is_err() {
        forked::end(1);
    }
    guard.handled.take_off();
    end::keep_exit_to_this_process(job.record(worker_id));
    guard.let_go_in_child();
    let around_forks = job.options().around_forks.as_deref();
    if let Some(hooks) = around_forks {
        hooks.in_child();
    }
    if let Some(bytes) = job.options().worker_memory
        && limit_own_data(bytes).is_err()
    {
        forked::end(1);
    }
    // The threads of rayon's pools do not exist here, so a kernel that uses rayon would wait for
    // them for ever. With a pool of this thread alone it works, on this thread.
    if pool_of_this_thread().is_err() {
        forked::end(1);
    }
    pin::spread(worker_id, job.num_workers());
    if job.options().nice != 0 {
        // Where it is not allowed the worker is as nice as it was.
        let _ = rustix::process::nice(job.options().nice);
    }
    panic::note_all_threads(job.record(worker_id));
    #[cfg(feature = "rand")]
    if rand::rng().reseed().is_err() {
        // Its numbers would be those of the other workers.
        forked::end(1);
    }
    job.record(worker_id).wait_until_watched();
    job.work_in_seat(worker_id);
    if let Some(hooks) = around_forks {
        hooks.at_end();
    }
    fork_guard::flush();
    forked::end(0)
}

/// Makes a rayon pool of the calling thread alone, for as long as the thread lives.
pub(super) fn pool_of_this_thread() -> Result<(), rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()?;
    std::mem::forget(pool);
    Ok(())
}

#[cfg(all(test, feature = "rand"))]
mod tests {
    use rand::RngExt;

    #[test]
    fn no_two_workers_draw_the_same_random_numbers() {
        // This thread has used its generator before.
        let first: u64 = rand::rng().random();
        let context = crate::ProcessContext::new(2).unwrap().static_split();
        let drawn = crate::map_in(&context, 0..1000, |_, _, _: i32| rand::rng().random::<u64>());
        let mut drawn = drawn.unwrap().to_vec();
        drawn.push(first);
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 1001);
    }
}
