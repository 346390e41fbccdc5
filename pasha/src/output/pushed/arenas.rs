//! The memory that workers append to.

use std::ops::Range;
use std::ptr::NonNull;

use super::handle::{Ragged, SizedRagged, ValuesOfIndex};
use crate::element::{CACHE_LINES, Element, assert_alignment};
use crate::error::Result;
use crate::group::wire::{Put, Take};
use crate::memory::{Mapping, MappingId, Pages};
use crate::output::Plan;
use crate::output::worker::Accumulators;

/// Addresses that the arenas of an output take at most: a quarter of those that a process has.
const MOST_ADDRESSES: usize = 1 << 45;

/// Where not even this can be had for each worker, there is no memory.
const LEAST_ARENA: usize = 64 << 20;

/// An arena for each worker, and how much of each is used.
///
/// An arena is as large as the memory of the machine, of which only what is written is taken.
#[derive(Debug)]
pub(super) struct Arenas {
    values: Mapping,
    /// How many elements of each arena are used, in cache lines of each worker's own.
    used: Mapping,
    /// Elements of an arena.
    capacity: usize,
    num_workers: usize,
    name: &'static str,
}

impl Arenas {
    /// Empty arenas of elements `A`, for the workers of a plan.
    pub(super) fn new<A: Element>(name: &'static str, plan: &Plan<'_>) -> Result<Arenas> {
        const { assert_alignment::<A>() };
        // One more for what other ranks send, or lies in a journal.
        let receives = plan.numbering.is_some() || plan.resumes;
        let num_workers = plan.num_workers.max(1) + usize::from(receives);
        let used = Mapping::anonymous(num_workers * CACHE_LINES, plan.memory, Pages::Ordinary)?;
        let mut bytes = memory_of_machine().min(MOST_ADDRESSES / num_workers);
        loop {
            let capacity = bytes / size_of::<A>().max(1);
            let all = num_workers * capacity * size_of::<A>();
            match Mapping::sparse(all, plan.memory) {
                Ok(values) => return Ok(Arenas { values, used, capacity, num_workers, name }),
                // Where every reserved page counts (`vm.overcommit_memory=2`), or addresses are
                // limited (`ulimit -v`).
                Err(_) if bytes > LEAST_ARENA => bytes = (bytes / 4).max(LEAST_ARENA),
                Err(error) => return Err(error),
            }
        }
    }

    /// What the workers get; of elements `A`, as in `new`.
    pub(super) fn slots<A>(&self) -> ArenaSlots<A> {
        ArenaSlots {
            first: self.values.start().cast(),
            used: self.used.start(),
            capacity: self.capacity,
            received: self.num_workers - 1,
            name: self.name,
        }
    }

    /// The mappings that workers write.
    pub(super) fn mapping_ids(&self) -> [MappingId; 2] {
        [self.values.id(), self.used.id()]
    }

    /// Values of all arenas.
    ///
    /// # Panics
    /// If the range does not lie within them.
    ///
    /// # Safety
    /// The arenas are of elements `A`, and nobody writes them as long as the slice lives.
    pub(super) unsafe fn values<A: Element>(&self, range: Range<usize>) -> &[A] {
        let first = self.values.start().cast::<A>().as_ptr();
        // SAFETY: the mapping was made for so many elements in each arena, which were zero, a value
        // of every `Element`, before values were pushed; the caller promises that they are of this
        // type, and that nobody writes them.
        let all = unsafe { std::slice::from_raw_parts(first, self.num_workers * self.capacity) };
        &all[range]
    }
}

/// Bytes of memory that the machine has.
fn memory_of_machine() -> usize {
    let info = rustix::system::sysinfo();
    usize::try_from(info.totalram).unwrap_or(usize::MAX).saturating_mul(info.mem_unit as usize)
}

/// Raw access to arenas. They belong to workers; nothing of them is copied or put back, because
/// what an item that failed had pushed is in no index's slot.
#[derive(Debug)]
pub struct ArenaSlots<A> {
    first: NonNull<A>,
    used: NonNull<u8>,
    capacity: usize,
    /// The arena for what other ranks send, or lies in a journal, where there is either.
    received: usize,
    name: &'static str,
}

// SAFETY: it stands for memory of elements that go to other threads if the elements may; the rest
// are plain numbers.
unsafe impl<A: Send> Send for ArenaSlots<A> {}
// SAFETY: the addresses alone give no access; `begin` does, by its contract.
unsafe impl<A: Send> Sync for ArenaSlots<A> {}

impl<A> Clone for ArenaSlots<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ArenaSlots { ..*self }
    }
}

impl<A> ArenaSlots<A> {
    /// Begins a slot behind what the worker has pushed so far.
    ///
    /// # Safety
    /// The caller alone is this worker, whose number is below that which the arenas were made for,
    /// and has the entry; the slot before is gone; and the arenas outlive the slot.
    #[inline(always)]
    pub(super) unsafe fn begin(
        &self,
        worker_id: usize,
        entry: &mut ValuesOfIndex,
    ) -> SizedRagged<A> {
        // SAFETY: there is an arena and a count for each worker, counts are aligned to cache
        // lines, and at most `capacity` elements of an arena are used.
        unsafe {
            let used = self.used.add(worker_id * CACHE_LINES).cast::<usize>();
            let before = used.read();
            let start = worker_id * self.capacity + before;
            *entry = [start, 0];
            Ragged {
                first: self.first.add(start),
                room: self.capacity - before,
                before,
                used,
                entry: NonNull::from(entry),
                name: self.name,
                unsized_end: [],
            }
        }
    }
}

impl<A: Element> ArenaSlots<A> {
    /// Adds the values of an entry to a message.
    ///
    /// # Safety
    /// The values are there, in arenas that live.
    pub(super) unsafe fn pack(&self, [start, len]: ValuesOfIndex, message: &mut Vec<u8>) {
        message.put(len);
        // SAFETY: the caller promises that the values are there; elements have no padding.
        message.extend_from_slice(unsafe {
            let first = self.first.as_ptr().add(start);
            std::slice::from_raw_parts(first.cast(), len * size_of::<A>())
        });
    }

    /// Takes the values of an entry from a message, into the arena for what comes from elsewhere;
    /// `None` if the message is too short, or the arena full.
    ///
    /// # Safety
    /// There is such an arena, which nobody else uses; and `pack` has written the message, for
    /// elements of the same type.
    pub(super) unsafe fn unpack(&self, message: &mut &[u8]) -> Option<ValuesOfIndex> {
        let len = message.take()?;
        let bytes = message.take_exactly(len.checked_mul(size_of::<A>())?)?;
        // SAFETY: the caller promises that the arena is its own; so many elements fit into it, as
        // is checked, and the bytes are those of elements.
        unsafe {
            let used = self.used.add(self.received * CACHE_LINES).cast::<usize>();
            let before = used.read();
            if len > self.capacity - before {
                return None;
            }
            let start = self.received * self.capacity + before;
            let to = self.first.as_ptr().add(start).cast::<u8>();
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            used.write(before + len);
            Some([start, len])
        }
    }
}

// SAFETY: each worker's slots are in its own arena.
unsafe impl<A: Element> Accumulators for ArenaSlots<A> {
    // None that a failure would have to put back.
    const COUNT: usize = 0;

    type Slot<'s> = ();
    type Local = SizedRagged<A>;

    #[inline(always)]
    unsafe fn local(&self, _worker_id: usize) -> SizedRagged<A> {
        // Without room, and never seen: `Slots::slot` begins a slot before a kernel gets it.
        Ragged {
            first: NonNull::dangling(),
            room: 0,
            before: 0,
            used: NonNull::dangling(),
            entry: NonNull::dangling(),
            name: self.name,
            unsized_end: [],
        }
    }

    #[inline(always)]
    unsafe fn slot(&self, _worker_id: usize, _local: &mut SizedRagged<A>) {}

    #[inline(always)]
    unsafe fn put_back(&self, _worker_id: usize, _local: &SizedRagged<A>) {}

    fn saved_size(&self) -> usize {
        0
    }

    unsafe fn save(&self, _worker_id: usize, _to: *mut u8) {}

    unsafe fn load(&self, _worker_id: usize, _from: *const u8) {}
}
