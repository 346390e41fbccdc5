//! A job handed to the threads of a pool, with the calling thread as the last resort.
//!
//! The threads of a pool may all be busy in the kernel of another map, and that kernel may be
//! waiting for this one: a thread that it has started maps in the same context. A map must not
//! wait for such threads for ever. So after a moment the calling thread takes every seat that no
//! thread has taken, and does what is left; threads that come free later find nothing to do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::ThreadPool;

use crate::job::Job;

/// How long the calling thread waits before it takes the seats that are free.
const WAIT_FOR_POOL: Duration = Duration::from_millis(100);

/// How long the calling thread stays awake first: to be woken takes it some microseconds, which is
/// as long as a small map.
const STAY_AWAKE: Duration = Duration::from_micros(30);

/// Runs a job on the threads of a pool that the calling thread is not one of.
pub(super) fn run(pool: &ThreadPool, job: &Job<'_>) {
    let handover = Arc::new(Handover::new(job));
    // Dropped at the end, also by a panic: no thread uses the job after that.
    let closing = Closing(&handover);
    let shared = Arc::clone(&handover);
    if job.num_workers() == 1 {
        // Wakes one thread instead of all.
        pool.spawn(move || shared.work(0));
    } else {
        pool.spawn_broadcast(move |thread| shared.work(thread.index()));
    }
    handover.stay_awake();
    let between_looks = job.between_looks();
    let have_ended = match between_looks {
        None => handover.wait_for_all(WAIT_FOR_POOL),
        Some(between_looks) => handover.wait_for_all_and_look(job, between_looks),
    };
    if !have_ended {
        (0..job.num_workers()).for_each(|worker_id| job.work(worker_id));
        if let Some(between_looks) = between_looks {
            handover.wait_for_those_inside_and_look(job, between_looks);
        }
    }
    drop(closing);
}

/// A job that threads may work on as long as it is open.
///
/// Invariant: as long as `is_open` or `inside > 0` the job is alive, because [`run`] does not
/// return before it has closed the handover and `inside` is 0.
struct Handover {
    job: *const Job<'static>,
    num_workers: usize,
    state: Mutex<State>,
    changed: Condvar,
    /// Number of workers that have ended on a thread of the pool. Changed under the lock, so that
    /// whoever waits for it is told; read without by the caller that stays awake.
    ended: AtomicUsize,
}

struct State {
    is_open: bool,
    /// Number of threads that are working.
    inside: usize,
}

// SAFETY: the job is used through shared references only, and `Job` is `Sync`, as `assert_sync`
// has the compiler check; everything else is guarded by the mutex.
unsafe impl Send for Handover {}
// SAFETY: shared references to the handover give shared references to the job, which is `Sync`, as
// `assert_sync` has the compiler check.
unsafe impl Sync for Handover {}

const fn assert_sync<T: Sync>() {}
const _: () = assert_sync::<Job<'_>>();

impl Handover {
    fn new(job: &Job<'_>) -> Handover {
        Handover {
            job: std::ptr::from_ref(job).cast(),
            num_workers: job.num_workers(),
            state: Mutex::new(State { is_open: true, inside: 0 }),
            changed: Condvar::new(),
            ended: AtomicUsize::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic can't leave the state half changed: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works as this worker on the calling thread, unless the job is over.
    fn work(&self, worker_id: usize) {
        if worker_id >= self.num_workers {
            return;
        }
        {
            let mut state = self.state();
            if !state.is_open {
                return;
            }
            state.inside += 1;
        }
        let _leaving = Leaving(self);
        // SAFETY: the handover was open when `inside` was counted up under the lock, so that the
        // job is alive until it is counted down, which the drop of `_leaving` does.
        let job = unsafe { &*self.job };
        job.work(worker_id);
    }

    /// Waits awake for a moment, or until all workers have ended. A worker that has no processor of
    /// its own gets the caller's.
    fn stay_awake(&self) {
        let begun = Instant::now();
        while self.ended() < self.num_workers && begun.elapsed() < STAY_AWAKE {
            std::thread::yield_now();
        }
    }

    fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }

    /// Waits until all workers have ended, but no longer than this; says whether they have.
    fn wait_for_all(&self, at_most: Duration) -> bool {
        self.wait(at_most, |_| self.ended() >= self.num_workers)
    }

    /// As [`wait_for_all`](Self::wait_for_all), and looks meanwhile whether the map is to stop; for
    /// long only while a thread has every seat.
    fn wait_for_all_and_look(&self, job: &Job<'_>, between_looks: Duration) -> bool {
        let begun = Instant::now();
        while !self.wait_for_all(between_looks) {
            job.is_to_stop(Instant::now());
            let state = self.state();
            let is_full = state.inside + self.ended() >= self.num_workers;
            if !is_full && begun.elapsed() >= WAIT_FOR_POOL {
                return false;
            }
        }
        true
    }

    /// Waits for the threads that are inside, and looks meanwhile whether the map is to stop.
    fn wait_for_those_inside_and_look(&self, job: &Job<'_>, between_looks: Duration) {
        while !self.wait(between_looks, |state| state.inside == 0) {
            job.is_to_stop(Instant::now());
        }
    }

    /// Waits for this, but no longer than that; says whether it has come.
    fn wait(&self, at_most: Duration, is_there: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), at_most, |it| !is_there(it));
        is_there(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// Counts a thread as gone when it is dropped.
struct Leaving<'h>(&'h Handover);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.inside -= 1;
        self.0.ended.fetch_add(1, Ordering::Relaxed);
        self.0.changed.notify_all();
    }
}

/// Closes the handover when it is dropped, and waits for the threads that are inside.
struct Closing<'h>(&'h Handover);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_open = false;
        let gone = self.0.changed.wait_while(state, |state| state.inside > 0);
        drop(gone.unwrap_or_else(PoisonError::into_inner));
    }
}
