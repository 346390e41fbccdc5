//! Huge pages: 2 MiB of memory behind one entry of the page tables.
//!
//! New memory has no pages yet; each is made, zeroed and entered when it is first written. With
//! pages of 4 KiB that takes several times as long as the writing itself, in every process anew.
//! For private memory Linux makes huge pages when it is asked to (`MADV_HUGEPAGE`). For memory that
//! processes share it does so only where the administrator allows it, which few do; but it turns 4
//! KiB pages that exist into a huge one on request (`MADV_COLLAPSE`, Linux 6.1), if the mapping
//! begins at a multiple of 2 MiB and one of the small pages is there. So a worker asks for each 2
//! MiB just before it writes there for the first time: then the page is zeroed by the worker that
//! needs it, and still in its cache. Where the kernel refuses, the pages stay small.

use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use nix::libc;
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Bytes of a huge page.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Whether large mappings have huge pages, as far as the operating system gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Those that the operating system gives unasked.
    Ordinary,
    /// Huge ones.
    Huge,
}

impl Pages {
    /// Of copies of accumulators, which are written a few times in a map. Making new huge pages is
    /// most of what such a copy costs where a hypervisor has to find the memory, and nothing is
    /// gained by them.
    pub(crate) const FOR_LOOKS: Pages = Pages::Ordinary;
}

/// Maps `len` zero bytes at a multiple of 2 MiB.
pub(super) fn map_aligned(len: usize, flags: MapFlags) -> rustix::io::Result<*mut libc::c_void> {
    let reserved = len.checked_add(HUGE_PAGE).ok_or(Errno::NOMEM)?;
    // SAFETY: without an address hint the kernel picks pages that nothing else uses. They are
    // not accessible and cost nothing but addresses.
    let start = unsafe {
        let nothing = MapFlags::PRIVATE | MapFlags::NORESERVE;
        rustix::mm::mmap_anonymous(std::ptr::null_mut(), reserved, ProtFlags::empty(), nothing)
    }?;
    let skipped = start.align_offset(HUGE_PAGE).min(HUGE_PAGE);
    let aligned = start.wrapping_byte_add(skipped);
    let behind = aligned.wrapping_byte_add(len.next_multiple_of(rustix::param::page_size()));
    // SAFETY: all three ranges lie within what was reserved above for this call alone.
    unsafe {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let mapped = rustix::mm::mmap_anonymous(aligned, len, access, flags | MapFlags::FIXED);
        if let Err(errno) = mapped {
            let _ = rustix::mm::munmap(start, reserved);
            return Err(errno);
        }
        let end = start.wrapping_byte_add(reserved);
        let _ = skipped > 0 && rustix::mm::munmap(start, skipped).is_ok();
        let left = end.addr() - behind.addr();
        let _ = left > 0 && rustix::mm::munmap(behind, left).is_ok();
    }
    Ok(aligned)
}

/// Asks for huge pages in private memory, before it is written.
pub(super) fn advise_private(start: NonNull<u8>, len: usize) -> io::Result<()> {
    // SAFETY: this advice changes no contents, whatever the range is.
    unsafe { rustix::mm::madvise(start.as_ptr().cast(), len, Advice::LinuxHugepage) }
        .map_err(io::Error::from)
}

/// `MADV_COLLAPSE` of linux/mman.h, which not every C library's headers have.
const MADV_COLLAPSE: libc::c_int = 25;

/// How often a page is asked for that can't be had at the moment.
const TRIES: usize = 4;

/// Makes one huge page of the 2 MiB from `page` on.
fn collapse(page: usize) -> rustix::io::Result<()> {
    let start = std::ptr::without_provenance_mut(page);
    let mut tries = 0;
    loop {
        // SAFETY: this advice changes no contents, whatever the range is.
        let refused = unsafe { libc::madvise(start, HUGE_PAGE, MADV_COLLAPSE) } != 0;
        tries += 1;
        if !refused {
            return Ok(());
        }
        match Errno::from_io_error(&io::Error::last_os_error()) {
            // Something else held the page for a moment.
            Some(Errno::AGAIN) if tries < TRIES => {}
            errno => return Err(errno.unwrap_or(Errno::INVAL)),
        }
    }
}

/// Makes huge pages of memory that is in use, as far as they lie within the range.
pub(crate) fn collapse_range(range: Range<usize>) -> HugePageCounts {
    let first = range.start.checked_next_multiple_of(HUGE_PAGE).unwrap_or(range.end);
    let mut counts = HugePageCounts::default();
    let mut refused_in_a_row = 0;
    for page in
        (first..range.end).step_by(HUGE_PAGE).take_while(|page| page + HUGE_PAGE <= range.end)
    {
        match collapse(page) {
            Ok(()) => {
                counts.made += 1;
                refused_in_a_row = 0;
            }
            Err(errno) => {
                counts.refused += 1;
                counts.errno = errno.raw_os_error();
                refused_in_a_row += 1;
            }
        }
        if refused_in_a_row >= MOST_REFUSALS {
            break;
        }
    }
    counts
}

/// After this many refusals in a row a worker asks no more.
const MOST_REFUSALS: usize = 4;

/// One worker's way through new memory: it makes huge pages of what is about to be written.
pub(crate) struct HugePageMaker<'u> {
    /// New mappings, each with the address up to which there is nothing left to do for this worker.
    new: Vec<(&'u Range<usize>, usize)>,
    refused_in_a_row: usize,
    counts: HugePageCounts,
}

/// What came of asking for huge pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HugePageCounts {
    pub(crate) made: usize,
    pub(crate) refused: usize,
    /// The last refusal's error number.
    pub(crate) errno: i32,
}

impl<'u> HugePageMaker<'u> {
    /// A maker for these new mappings.
    pub(crate) fn new(new: &'u [Range<usize>]) -> Self {
        let new = new.iter().map(|range| (range, range.start)).collect();
        HugePageMaker { new, refused_in_a_row: 0, counts: HugePageCounts::default() }
    }

    /// Whether there is nothing to be done, or nothing that can be.
    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.new.is_empty()
    }

    /// Makes huge pages of all memory in which a place lies that is about to be written, as far
    /// as it is new; says whether it had to.
    ///
    /// # Safety
    /// The place is valid for reads, and nobody else writes it.
    #[inline]
    pub(crate) unsafe fn make_for(&mut self, place: Range<usize>) -> bool {
        let Some((new, done)) = self.new.iter_mut().find(|(new, _)| new.contains(&place.start))
        else {
            return false;
        };
        // Shares are claimed in rising order, so whatever is before has been dealt with, or is not
        // this worker's to write.
        let first = (place.start / HUGE_PAGE * HUGE_PAGE).max(*done);
        // What does not fill a huge page stays as it is.
        let end = place.end.min(new.end / HUGE_PAGE * HUGE_PAGE);
        let mut asked = false;
        for page in (first..end).step_by(HUGE_PAGE) {
            let byte = std::ptr::with_exposed_provenance::<u8>(page.max(place.start));
            // One page must be there.
            // SAFETY: the byte lies within the place, as the caller promises for.
            unsafe { byte.read_volatile() };
            match collapse(page) {
                Ok(()) => {
                    self.counts.made += 1;
                    self.refused_in_a_row = 0;
                }
                Err(errno) => {
                    self.counts.refused += 1;
                    self.counts.errno = errno.raw_os_error();
                    self.refused_in_a_row += 1;
                }
            }
            *done = page + HUGE_PAGE;
            asked = true;
        }
        if self.refused_in_a_row >= MOST_REFUSALS {
            self.new.clear();
        }
        asked
    }

    /// What came of it since the last time.
    pub(crate) fn take_counts(&mut self) -> HugePageCounts {
        std::mem::take(&mut self.counts)
    }
}
