//! Workers that stay on a processor of their own.

use nix::unistd::{SysconfVar, sysconf};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The calling thread, on one processor until it is dropped.
pub(crate) struct Pinned {
    before: CpuSet,
}

impl Pinned {
    /// Keeps the calling thread on the processor of this worker: the `worker_id`-th of those that
    /// it may use, beginning anew after the last.
    ///
    /// Gives nothing where the operating system does not say which these are.
    pub(crate) fn to(worker_id: usize) -> Option<Pinned> {
        let before = sched_getaffinity(None).ok()?;
        let usable = (0..CpuSet::MAX_CPU).filter(|&processor| before.is_set(processor));
        let processor = usable.cycle().nth(worker_id % before.count().max(1) as usize)?;
        let mut alone = CpuSet::new();
        alone.set(processor);
        sched_setaffinity(None, &alone).ok()?;
        Some(Pinned { before })
    }
}

/// Moves the calling thread to the processor of this worker, if there are workers for all
/// processors, and lets it go from there.
///
/// Of two processes that were forked one after the other the second may begin on the processor of
/// the first, and take milliseconds until it is moved. Fewer workers than processors are left to
/// the scheduler, which knows the idle ones.
pub(crate) fn spread(worker_id: usize, num_workers: usize) {
    let processors = sched_getaffinity(None).map_or(usize::MAX, |set| set.count() as usize);
    if num_workers >= processors && processors > 1 {
        drop(Pinned::to(worker_id));
    }
}

/// The number of processors that this process may use, and of those that the machine has, where
/// these are more.
pub(crate) fn bound() -> Option<[usize; 2]> {
    let usable = sched_getaffinity(None).ok()?.count() as usize;
    let there = sysconf(SysconfVar::_NPROCESSORS_ONLN).ok()??;
    let there = usize::try_from(there).ok()?;
    (usable < there).then_some([usable, there])
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It can't fail: the set was in force before.
        let _ = sched_setaffinity(None, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_the_processors_out_and_are_set_free() {
        let before = sched_getaffinity(None).unwrap();
        let on = |worker_id| {
            let pinned = Pinned::to(worker_id).unwrap();
            let now = sched_getaffinity(None).unwrap();
            drop(pinned);
            assert_eq!(now.count(), 1);
            now
        };
        let processors = before.count() as usize;
        assert!(before.is_set((0..CpuSet::MAX_CPU).find(|&p| on(0).is_set(p)).unwrap()));
        assert_eq!(on(0), on(processors));
        assert!(processors == 1 || on(0) != on(1));
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
