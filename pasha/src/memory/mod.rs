//! Memory that workers share: mappings, and the list of those alive in this process.
//!
//! Everything that pasha allocates is a [`Mapping`]: zeroed pages from the operating system,
//! either private to this process (threads share them anyhow) or shared with every process that
//! is forked later. A mapping never moves, and lives until it is dropped in the process that
//! made it.

#[cfg(any(feature = "hdf5", feature = "netcdf", feature = "zarr"))]
pub(crate) mod buffer;
mod file;
mod huge;
mod live;
pub(crate) mod mapped;
mod of_file;
pub(crate) mod own_data;
#[cfg(feature = "hdf5")]
pub(crate) mod own_pages;
mod pages;
pub(crate) mod stream;

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::mm::{MapFlags, ProtFlags};

use crate::error::{Error, Result};
use file::FileBacking;
pub(crate) use huge::{HUGE_PAGE, HugePageCounts, HugePageMaker, Pages, collapse_range};
pub(crate) use live::LiveMappings;
pub(crate) use live::{MappingId, sync};
pub(crate) use pages::SharedPages;

/// The kind of memory that the workers of a context share.
///
/// # Examples
/// ```
/// use pasha::{Context, Memory, ProcessContext, ThreadContext};
///
/// assert_eq!(ThreadContext::new(2)?.memory(), Memory::Private);
/// assert_eq!(ProcessContext::new(2)?.memory(), Memory::Shared);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Ordinary memory of this process: enough for workers that are threads of it.
    Private,
    /// Memory that forked processes share with this one.
    Shared,
}

impl Memory {
    fn name(self) -> &'static str {
        match self {
            Memory::Private => "private",
            Memory::Shared => "shared",
        }
    }
}

/// Private memory below this size comes from the heap, which has it at hand: the operating system
/// takes microseconds to map pages, and more than one for each that is touched. From here on those
/// are huge, and few.
const SMALL_MAPPING: usize = HUGE_PAGE;
/// The same for memory of which few pages are touched: the heap would write zeros to all of it.
const SMALL_SPARSE_MAPPING: usize = 64 << 10;

/// The alignment of all mappings without a header: two cache lines.
const ALIGN: usize = crate::element::CACHE_LINES;

/// A range of pages, all zero when made, unmapped when dropped.
///
/// Invariant: `start` is valid for reads and writes of `len` bytes for as long as the mapping
/// lives, is aligned to at least 64 bytes, and nobody but its owner hands out pointers into it.
pub(crate) struct Mapping {
    start: NonNull<u8>,
    len: usize,
    memory: Memory,
    backing: Backing,
    /// Whether huge pages are still to be made of it, when it is first written.
    is_new: AtomicBool,
}

enum Backing {
    /// Nothing is mapped: the array has no bytes.
    Empty,
    /// Memory of this process's heap.
    Heap(Layout),
    /// Pages without a file.
    Anonymous,
    /// Pages of a file; the elements start behind its header.
    File(FileBacking),
}

// SAFETY: a mapping is plain memory; whoever owns it may use and unmap it from any thread, and
// shared references to it only give its address and length.
unsafe impl Send for Mapping {}
// SAFETY: what a shared reference to a mapping gives is its address and length, which are plain
// numbers.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Nothing is mapped.
    fn empty(memory: Memory) -> Mapping {
        Self::of(dangling(), 0, memory, Backing::Empty)
    }

    /// Maps `len` zero bytes.
    ///
    /// # Errors
    /// [`Error::Alloc`] if the operating system refuses.
    pub(crate) fn anonymous(len: usize, memory: Memory, pages: Pages) -> Result<Mapping> {
        if pages == Pages::Ordinary || len < HUGE_PAGE {
            return Self::map(len, memory, MapFlags::empty());
        }
        let start = huge::map_aligned(len, sharing(memory)).map_err(|e| refused(len, memory, e))?;
        let mapping = Self::mapped(start.cast(), len, memory)?;
        match memory {
            // A kernel without huge pages refuses it, which costs speed only.
            Memory::Private => drop(huge::advise_private(mapping.start, len)),
            Memory::Shared => {
                mapping.is_new.store(true, Ordering::Relaxed);
                if let Some(addresses) = mapping.shared_addresses() {
                    live::note_huge(&addresses);
                }
            }
        }
        Ok(mapping)
    }

    /// Maps `len` zero bytes of which few will ever be used: only those count.
    ///
    /// # Errors
    /// As [`anonymous`](Self::anonymous).
    pub(crate) fn sparse(len: usize, memory: Memory) -> Result<Mapping> {
        Self::map(len, memory, MapFlags::NORESERVE)
    }

    fn map(len: usize, memory: Memory, flags: MapFlags) -> Result<Mapping> {
        if len == 0 {
            return Ok(Self::empty(memory));
        }
        let is_sparse = flags.contains(MapFlags::NORESERVE);
        let small = if is_sparse { SMALL_SPARSE_MAPPING } else { SMALL_MAPPING };
        let layout = Layout::from_size_align(len, ALIGN).ok().filter(|_| len < small);
        if let (Memory::Private, Some(layout)) = (memory, layout) {
            // SAFETY: the layout has at least one byte.
            let start = NonNull::new(unsafe { alloc_zeroed(layout) })
                .ok_or_else(|| refused(len, memory, rustix::io::Errno::NOMEM))?;
            return Ok(Self::of(start, len, memory, Backing::Heap(layout)));
        }
        // SAFETY: without an address hint the kernel picks pages that nothing else uses.
        let start = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            rustix::mm::mmap_anonymous(std::ptr::null_mut(), len, access, flags | sharing(memory))
        }
        .map_err(|errno| refused(len, memory, errno))?;
        Self::mapped(start.cast(), len, memory)
    }

    /// A mapping of pages that were mapped for it.
    fn mapped(start: *mut u8, len: usize, memory: Memory) -> Result<Mapping> {
        let start =
            NonNull::new(start).ok_or_else(|| refused(len, memory, rustix::io::Errno::NOMEM))?;
        // Workers compute addresses of places in it.
        let _ = start.as_ptr().expose_provenance();
        let mapping = Self::of(start, len, memory, Backing::Anonymous);
        if let Some(addresses) = mapping.shared_addresses() {
            live::enter(&addresses);
        }
        Ok(mapping)
    }

    fn of(start: NonNull<u8>, len: usize, memory: Memory, backing: Backing) -> Mapping {
        Mapping { start, len, memory, backing, is_new: AtomicBool::new(false) }
    }

    /// The addresses of all of it, once, if huge pages are to be made of it by whoever writes it
    /// next.
    #[inline]
    pub(crate) fn take_new(&self) -> Option<Range<usize>> {
        // Most are not new, and a swap takes as long as many loads.
        let is_new =
            self.is_new.load(Ordering::Relaxed) && self.is_new.swap(false, Ordering::Relaxed);
        let start = self.start.as_ptr().addr();
        is_new.then(|| start..start + self.len)
    }

    /// Makes huge pages of all of it now, if that is still to be done.
    pub(crate) fn make_huge_pages(&mut self) {
        if let Some(new) = self.take_new() {
            // SAFETY: the mapping is valid for reads, and its owner has it mutably.
            unsafe { HugePageMaker::new(std::slice::from_ref(&new)).make_for(new.clone()) };
        }
    }

    /// Which mapping this is.
    #[inline]
    pub(crate) fn id(&self) -> MappingId {
        MappingId(self.start.as_ptr() as usize)
    }

    /// The first byte.
    #[inline]
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Who shares it.
    #[inline]
    pub(crate) fn memory(&self) -> Memory {
        self.memory
    }

    /// All bytes, as they are now.
    ///
    /// # Safety
    /// Nobody writes them while the reference lives: no pointer into the mapping was handed out.
    pub(crate) unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: the invariant of `Mapping`: `len` bytes are there to be read for as long as it
        // lives; the caller promises that nobody writes them meanwhile.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Whether it lies in a file.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.backing, Backing::File(..))
    }

    /// Writes a file's pages to its disk; does nothing for memory without a file.
    pub(crate) fn flush(&self) -> io::Result<()> {
        match &self.backing {
            Backing::File(file) => file.flush(),
            Backing::Empty | Backing::Heap(_) | Backing::Anonymous => Ok(()),
        }
    }

    /// Whether it is memory of this process alone.
    pub(crate) fn is_private(&self) -> bool {
        self.memory == Memory::Private
    }

    /// Where it lies, if other processes could share it, so that forked workers must be kept off
    /// it.
    fn shared_addresses(&self) -> Option<Range<usize>> {
        let start = self.start.as_ptr() as usize;
        (self.memory == Memory::Shared && self.len > 0).then(|| start..start + self.len)
    }
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapping")
            .field("start", &self.start)
            .field("len", &self.len)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if let Some(addresses) = self.shared_addresses() {
            live::leave(&addresses);
        }
        match self.backing {
            Backing::Anonymous => {
                // SAFETY: the range was mapped with this length, and nobody uses it any more:
                // views of it borrow from its owner, which is being dropped.
                let result = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
                debug_assert!(result.is_ok(), "unmapping what was mapped can't fail");
            }
            // SAFETY: it was allocated with this layout, and nobody uses it any more: views of it
            // borrow from its owner, which is being dropped.
            Backing::Heap(layout) => unsafe { dealloc(self.start.as_ptr(), layout) },
            Backing::Empty | Backing::File(..) => {}
        }
    }
}

fn sharing(memory: Memory) -> MapFlags {
    match memory {
        Memory::Private => MapFlags::PRIVATE,
        Memory::Shared => MapFlags::SHARED,
    }
}

fn refused(bytes: usize, memory: Memory, errno: rustix::io::Errno) -> Error {
    Error::Alloc { bytes, kind: memory.name(), accumulators: 0, source: io::Error::from(errno) }
}

/// An address for arrays without bytes, aligned for any element.
fn dangling() -> NonNull<u8> {
    NonNull::<Aligned>::dangling().cast()
}

#[repr(align(4096))]
struct Aligned;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_zero_and_aligned() {
        for (memory, len, pages, align) in [
            (Memory::Private, 100, Pages::Huge, ALIGN),
            (Memory::Private, 3 << 20, Pages::Ordinary, 4096),
            (Memory::Private, 3 << 20, Pages::Huge, HUGE_PAGE),
            (Memory::Shared, 100, Pages::Huge, 4096),
            (Memory::Shared, 3 << 20, Pages::Ordinary, 4096),
            (Memory::Shared, (3 << 20) + 1, Pages::Huge, HUGE_PAGE),
        ] {
            let mut mapping = Mapping::anonymous(len, memory, pages).unwrap();
            assert_eq!(mapping.start().as_ptr() as usize % align, 0);
            mapping.make_huge_pages();
            // SAFETY: the mapping is alive and this long.
            let bytes = unsafe { std::slice::from_raw_parts(mapping.start().as_ptr(), len) };
            assert!(bytes.iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn nothing_is_mapped_for_no_bytes() {
        let mapping = Mapping::anonymous(0, Memory::Shared, Pages::Huge).unwrap();
        assert_eq!((mapping.len(), mapping.start().as_ptr() as usize % 64), (0, 0));
    }

    #[test]
    fn more_than_the_machine_has_is_refused_with_the_size() {
        let bytes = 1 << 46;
        match Mapping::anonymous(bytes, Memory::Shared, Pages::Huge) {
            Err(Error::Alloc { bytes: told, .. }) => assert_eq!(told, bytes),
            other => panic!("expected a refusal, got {:?}", other.map(|m| m.len())),
        }
    }
}
