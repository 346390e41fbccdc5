//! The shared mappings that are alive in this process, so that forked workers can be kept off
//! those that they have no right to write.
//!
//! A forked worker has a copy of every lock of its parent. If it could write into any shared
//! mapping, two workers could take "the same" lock, each its own copy, and write one element at
//! the same time, all from safe code. So a worker makes every shared mapping read-only first, but
//! for the outputs and the worker table of its own job.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::mm::{MprotectFlags, MsyncFlags};

/// Which mapping is meant, for as long as it lives: where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingId(pub(super) usize);

/// Each shared mapping, by its start address.
static LIVE: Mutex<BTreeMap<usize, LiveMapping>> = Mutex::new(BTreeMap::new());

/// A shared mapping.
struct LiveMapping {
    len: usize,
    /// Whether it gets huge pages, as far as the operating system gives them.
    is_huge: bool,
}

fn lock() -> MutexGuard<'static, BTreeMap<usize, LiveMapping>> {
    // A panic can't leave the map half changed: each change is one insertion or removal.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Enters the addresses of a shared mapping.
pub(super) fn enter(addresses: &Range<usize>) {
    lock().insert(addresses.start, LiveMapping { len: addresses.len(), is_huge: false });
}

/// Takes out a shared mapping, which ends.
pub(super) fn leave(addresses: &Range<usize>) {
    lock().remove(&addresses.start);
}

/// Notes that a mapping gets huge pages.
pub(super) fn note_huge(addresses: &Range<usize>) {
    if let Some(live) = lock().get_mut(&addresses.start) {
        live.is_huge = true;
    }
}

/// The addresses of all mappings that get huge pages, in order.
pub(super) fn huge() -> Vec<Range<usize>> {
    let live = lock();
    let huge = live.iter().filter(|(_, live)| live.is_huge);
    huge.map(|(&start, live)| start..start + live.len).collect()
}

/// Writes the pages of these mappings to their disk, as far as they are of files.
pub(crate) fn sync(mappings: &[MappingId]) -> std::io::Result<()> {
    let page = rustix::param::page_size();
    // The list is not locked while the disk is waited for: nobody could fork.
    let lens: Vec<(usize, usize)> = {
        let live = lock();
        let len = |&MappingId(start): &MappingId| Some((start, live.get(&start)?.len));
        mappings.iter().filter_map(len).collect()
    };
    for (start, len) in lens {
        let first = start / page * page;
        // SAFETY: no memory is changed, and of a range where nothing is mapped any more it fails.
        unsafe {
            rustix::mm::msync(
                std::ptr::without_provenance_mut(first),
                len + (start - first),
                MsyncFlags::SYNC,
            )
        }?;
    }
    Ok(())
}

/// The list, locked. The parent holds it while it forks, so that the child finds it whole and
/// may use it without waiting for a thread that does not exist there.
pub(crate) struct LiveMappings(MutexGuard<'static, BTreeMap<usize, LiveMapping>>);

impl LiveMappings {
    pub(crate) fn lock() -> LiveMappings {
        LiveMappings(lock())
    }

    /// Makes all shared mappings read-only in this process, but for those in `writable`.
    pub(crate) fn protect_all_but(&self, writable: &[MappingId]) -> std::io::Result<()> {
        let page = rustix::param::page_size();
        for (&start, &LiveMapping { len, .. }) in self.0.iter() {
            if writable.contains(&MappingId(start)) {
                continue;
            }
            // The elements of a file start behind its header: protect the whole first page.
            let first = start / page * page;
            // SAFETY: the range is a live mapping of pasha's in this (forked, single-threaded)
            // process. Only write access is taken away: reads stay valid, and a write that
            // would have raced ends this worker with SIGSEGV instead.
            unsafe {
                rustix::mm::mprotect(
                    std::ptr::without_provenance_mut(first),
                    len + (start - first),
                    MprotectFlags::READ,
                )
            }?;
        }
        Ok(())
    }
}
