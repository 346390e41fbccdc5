//! Entering the pages of shared memory into a forked worker's page tables, many at once.
//!
//! A forked worker has the mappings of its parent, but where they are shared its page tables are
//! empty: each page of 2 MiB takes a fault at its first use, in the middle of the inner loop. Asked
//! for all pages of a share before it begins (`MADV_POPULATE_READ`, Linux 5.14), the kernel enters
//! them, writable where the mapping is. On a map that does nothing but read and write huge pages
//! this makes up three quarters of what processes cost more than threads (`benches`).

use std::ops::Range;

use rustix::mm::Advice;

use super::live;

/// The memory whose pages a forked worker enters before it uses them.
#[derive(Debug, Default)]
pub(crate) struct SharedPages {
    /// Addresses of mappings, in order.
    mappings: Vec<Range<usize>>,
}

/// The least bytes that are asked for at once: fewer faults take no longer than the call.
const LEAST_BYTES_AT_ONCE: usize = 16 << 10;

impl SharedPages {
    /// All shared memory of this process in huge pages, but for what is written for the first time,
    /// of which those are made first.
    ///
    /// Small pages are not entered any faster this way; and those that are never used shall not
    /// take memory, nor those of a file be read.
    pub(crate) fn alive(new: &[Range<usize>]) -> SharedPages {
        let is_new = |mapping: &Range<usize>| new.iter().any(|new| new.start == mapping.start);
        SharedPages { mappings: live::huge().into_iter().filter(|it| !is_new(it)).collect() }
    }

    /// Whether there is nothing to be entered.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.mappings.is_empty()
    }

    /// Enters the pages of a place, as far as it lies in this memory.
    pub(crate) fn enter(&self, place: Range<usize>) {
        let next = self.mappings.partition_point(|mapping| mapping.end <= place.start);
        let Some(mapping) = self.mappings.get(next).filter(|found| found.start <= place.start)
        else {
            return;
        };
        let page = rustix::param::page_size();
        let (start, end) = (place.start / page * page, place.end.min(mapping.end));
        if end < start + LEAST_BYTES_AT_ONCE {
            return;
        }
        let first = std::ptr::without_provenance_mut(start);
        // SAFETY: this advice changes no contents, whatever the range is. Where the kernel refuses
        // it, pages are entered one by one as they are used.
        let _ = unsafe { rustix::mm::madvise(first, end - start, Advice::LinuxPopulateRead) };
    }
}
