//! Memory that workers share: mappings, and the list of those alive in this process.
//!
//! Everything that pasha allocates is a [`Mapping`]: zeroed pages from the operating system,
//! either private to this process (threads share them anyhow) or shared with every process that
//! is forked later. A mapping never moves, and lives until it is dropped in the process that
//! made it.

mod file;
mod live;

use std::io;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags};

use crate::error::{Error, Result};
pub(crate) use file::FileIdentity;
pub(crate) use live::LiveMappings;

/// The kind of memory that the workers of a context share.
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

/// Arrays of this size and more ask for huge pages where the memory is private.
const HUGE_PAGE: usize = 2 << 20;

/// A range of pages, all zero when made, unmapped when dropped.
///
/// Invariant: `start` is valid for reads and writes of `len` bytes for as long as the mapping
/// lives, is aligned to at least 64 bytes, and nobody but its owner hands out pointers into it.
pub(crate) struct Mapping {
    start: NonNull<u8>,
    len: usize,
    memory: Memory,
    backing: Backing,
}

enum Backing {
    /// Nothing is mapped: the array has no bytes.
    Empty,
    /// Pages without a file.
    Anonymous,
    /// Pages of a file; the elements start behind its header.
    File(memmap2::MmapMut, FileIdentity),
}

// SAFETY: a mapping is plain memory; whoever owns it may use and unmap it from any thread, and
// shared references to it only give its address and length.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `len` zero bytes.
    ///
    /// # Errors
    /// [`Error::Alloc`] if the operating system refuses.
    pub(crate) fn anonymous(len: usize, memory: Memory) -> Result<Mapping> {
        let mapping = Self::map(len, memory, MapFlags::empty())?;
        if memory == Memory::Private && len >= HUGE_PAGE {
            let start = mapping.start.as_ptr().cast();
            // SAFETY: the range was mapped above, and this advice changes no contents. A kernel
            // without huge pages refuses it, which costs speed only.
            let _ = unsafe { rustix::mm::madvise(start, len, Advice::LinuxHugepage) };
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
            return Ok(Mapping { start: dangling(), len, memory, backing: Backing::Empty });
        }
        let flags = flags
            | match memory {
                Memory::Private => MapFlags::PRIVATE,
                Memory::Shared => MapFlags::SHARED,
            };
        let refused = |errno: rustix::io::Errno| Error::Alloc {
            bytes: len,
            kind: memory.name(),
            source: io::Error::from(errno),
        };
        // SAFETY: without an address hint the kernel picks pages that nothing else uses.
        let start = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                flags,
            )
        }
        .map_err(refused)?;
        let Some(start) = NonNull::new(start.cast::<u8>()) else {
            return Err(refused(rustix::io::Errno::NOMEM));
        };
        let mapping = Mapping { start, len, memory, backing: Backing::Anonymous };
        live::enter(&mapping);
        Ok(mapping)
    }

    /// The first byte.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Who shares it.
    pub(crate) fn memory(&self) -> Memory {
        self.memory
    }

    /// Whether it lies in a file.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.backing, Backing::File(..))
    }

    /// Writes a file's pages to its disk; does nothing for memory without a file.
    pub(crate) fn flush(&self) -> io::Result<()> {
        match &self.backing {
            Backing::File(map, _) => map.flush(),
            Backing::Empty | Backing::Anonymous => Ok(()),
        }
    }

    /// Whether other processes could share it, so that forked workers must be kept off it.
    fn is_shared(&self) -> bool {
        self.memory == Memory::Shared && self.len > 0
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
        live::leave(self);
        if let Backing::Anonymous = self.backing {
            // SAFETY: the range was mapped by `anonymous` with this length, and nobody uses it
            // any more: views of it borrow from its owner, which is being dropped.
            let result = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
            debug_assert!(result.is_ok(), "unmapping what was mapped can't fail");
        }
    }
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
        for memory in [Memory::Private, Memory::Shared] {
            let mapping = Mapping::anonymous(3 << 20, memory).unwrap();
            assert_eq!(mapping.start().as_ptr() as usize % 4096, 0);
            // SAFETY: the mapping is alive and this long.
            let bytes = unsafe { std::slice::from_raw_parts(mapping.start().as_ptr(), 3 << 20) };
            assert!(bytes.iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn nothing_is_mapped_for_no_bytes() {
        let mapping = Mapping::anonymous(0, Memory::Shared).unwrap();
        assert_eq!((mapping.len(), mapping.start().as_ptr() as usize % 64), (0, 0));
    }

    #[test]
    fn more_than_the_machine_has_is_refused_with_the_size() {
        let bytes = 1 << 46;
        match Mapping::anonymous(bytes, Memory::Shared) {
            Err(Error::Alloc { bytes: told, .. }) => assert_eq!(told, bytes),
            other => panic!("expected a refusal, got {:?}", other.map(|m| m.len())),
        }
    }
}
