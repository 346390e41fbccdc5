//! What each worker has accumulated for outputs that are not merged, saved with the tree.
//!
//! Such accumulators go on from block to block. When a worker is done with a block, it copies them
//! to one of its two places and says in one store which place that is and after which block it was
//! written; then the block is laid down in the tree. So of the two copies one has the blocks of
//! this worker that count in the tree, and no others: the newer one where its block counts, and
//! else the older one, which is not written before that. With each copy are kept the number of
//! items in it and a checksum.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::element::MOST_ALIGNED;
use crate::error::Result;
use crate::memory::{Mapping, MappingId, Memory};
use crate::output::worker::AccumulatorBytes;

/// The accumulators of outputs with one for each worker, and where they are saved.
///
/// Invariant: the mapping holds a part for each of `num_workers` workers, in which a word, an
/// atomic for which zero bytes are valid, and two [`CopyFacts`] are followed by two places of
/// `size` bytes.
pub(super) struct OwnAccumulators<'r> {
    outputs: Vec<Box<dyn AccumulatorBytes + 'r>>,
    mapping: Mapping,
    num_workers: usize,
    size: usize,
}

/// The bytes before the copies of a worker.
const WORD: usize = MOST_ALIGNED;

/// What is kept with a copy, behind the word.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct CopyFacts {
    /// The number of items in it.
    items: u64,
    /// The checksum of that and of the copy.
    checksum: u64,
}

const _: () = assert!(size_of::<u64>() + 2 * size_of::<CopyFacts>() <= WORD);

impl CopyFacts {
    fn of(items: u64, copy: &[u8]) -> CopyFacts {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&items.to_le_bytes());
        hasher.update(copy);
        CopyFacts { items, checksum: hasher.finalize().into() }
    }
}

/// A copy of what a worker has accumulated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OwnCopy {
    /// The number of items in it.
    pub(super) items: u64,
    pub(super) bytes: Vec<u8>,
}

/// The bytes that copies of so many bytes take for so many workers.
pub(super) fn bytes(num_workers: usize, size: usize) -> usize {
    match size {
        0 => 0,
        _ => num_workers * (WORD + 2 * size),
    }
}

/// The bytes of a copy of all of these.
pub(super) fn size(outputs: &[Box<dyn AccumulatorBytes + '_>]) -> usize {
    outputs.iter().map(|output| output.bytes()).sum()
}

/// Reads, for each worker, the copy that has the blocks that count, as [`OwnAccumulators`] wrote
/// them; `None` if one is damaged.
pub(super) fn copies_that_count(
    saved: &[u8],
    size: usize,
    counts: impl Fn(usize) -> bool,
) -> Option<Vec<OwnCopy>> {
    let copy = |part: &[u8]| {
        let (before, copies) = part.split_at(WORD);
        let (numbers, _) = before.as_chunks();
        let number = |at: usize| u64::from_le_bytes(numbers[at]);
        let place = place_that_counts(number(0), &counts);
        let bytes = copies[place * size..(place + 1) * size].to_vec();
        let items = number(1 + 2 * place);
        let is_whole = CopyFacts::of(items, &bytes).checksum == number(2 + 2 * place);
        is_whole.then_some(OwnCopy { items, bytes })
    };
    saved.chunks_exact(bytes(1, size)).map(copy).collect()
}

/// Copies as [`copies_that_count`] reads them, each in the first place.
pub(super) fn as_first_copies(copies: &[OwnCopy]) -> Vec<u8> {
    let mut saved = Vec::new();
    for OwnCopy { items, bytes } in copies {
        let facts = CopyFacts::of(*items, bytes);
        let mut before = [0; WORD];
        before[8..16].copy_from_slice(&facts.items.to_le_bytes());
        before[16..24].copy_from_slice(&facts.checksum.to_le_bytes());
        saved.extend(before);
        saved.extend(bytes);
        saved.extend(vec![0; bytes.len()]);
    }
    saved
}

/// Which of the two places has the blocks that count, as a word has it.
fn place_that_counts(word: u64, counts: impl Fn(usize) -> bool) -> usize {
    let newer = (word & 1) as usize;
    match usize::try_from(word >> 1).ok().and_then(|block| block.checked_sub(1)) {
        // What the worker began with is in the first.
        None => 0,
        Some(block) if counts(block) => newer,
        Some(_) => 1 - newer,
    }
}

impl<'r> OwnAccumulators<'r> {
    /// Puts accumulators to what they were when these copies were made, one for each worker where
    /// there are any, and has copies of them in this mapping of zeros, before any worker has
    /// started.
    ///
    /// # Safety
    /// The outputs have accumulators of so many workers, and the copies are of these outputs.
    ///
    /// # Panics
    /// Panics if the mapping, or a copy, is too short.
    pub(super) unsafe fn new(
        outputs: Vec<Box<dyn AccumulatorBytes + 'r>>,
        mapping: Mapping,
        num_workers: usize,
        copies: &[OwnCopy],
    ) -> Self {
        let size = size(&outputs);
        assert!(bytes(num_workers, size) <= mapping.len(), "the mapping holds all copies");
        let own = OwnAccumulators { outputs, mapping, num_workers, size };
        for worker_id in 0..num_workers {
            let place = own.place(worker_id, 0);
            let items = if let Some(OwnCopy { items, bytes }) = copies.get(worker_id) {
                assert!(bytes.len() == size, "a copy of {} bytes has {size}", bytes.len());
                // SAFETY: nobody else uses the mapping, and a place has `size` bytes.
                unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), size) };
                own.each_at(place, |output, at| {
                    // SAFETY: no worker has started, so that all their numbers are the caller's,
                    // who promises copies of these outputs.
                    unsafe { output.load(worker_id, at) };
                });
                *items
            } else {
                // SAFETY: no worker has started, so that all their numbers are the caller's.
                unsafe { own.copy(worker_id, place) };
                0
            };
            // SAFETY: no worker has started, so that all their numbers are the caller's.
            unsafe { own.note(worker_id, 0, items) };
        }
        own
    }

    /// As [`new`](Self::new), in memory of this kind and not in a file.
    ///
    /// # Safety
    /// As for `new`.
    pub(super) unsafe fn anonymous(
        outputs: Vec<Box<dyn AccumulatorBytes + 'r>>,
        memory: Memory,
        num_workers: usize,
        copies: &[OwnCopy],
    ) -> Result<Self> {
        let mapping = Mapping::sparse(bytes(num_workers, size(&outputs)), memory)?;
        // SAFETY: as the caller promises.
        Ok(unsafe { OwnAccumulators::new(outputs, mapping, num_workers, copies) })
    }

    /// Which mapping the copies lie in.
    pub(super) fn mapping_id(&self) -> MappingId {
        self.mapping.id()
    }

    fn start(&self, worker_id: usize) -> usize {
        assert!(worker_id < self.num_workers, "worker {worker_id} of {}", self.num_workers);
        bytes(worker_id, self.size)
    }

    fn word(&self, worker_id: usize) -> &AtomicU64 {
        let start = self.start(worker_id);
        // SAFETY: the invariant of `OwnAccumulators`; mappings are aligned to 128 bytes, and what
        // is before is a multiple of that.
        unsafe { self.mapping.start().add(start).cast::<AtomicU64>().as_ref() }
    }

    fn place(&self, worker_id: usize, place: usize) -> *mut u8 {
        let offset = self.start(worker_id) + WORD + place * self.size;
        self.mapping.start().as_ptr().wrapping_add(offset)
    }

    /// Where it is kept what a copy has.
    fn facts(&self, worker_id: usize, place: usize) -> *mut CopyFacts {
        let offset = self.start(worker_id) + size_of::<u64>() + place * size_of::<CopyFacts>();
        self.mapping.start().as_ptr().wrapping_add(offset).cast()
    }

    /// Notes what a worker has copied to one of its places.
    ///
    /// # Safety
    /// The caller alone is this worker.
    unsafe fn note(&self, worker_id: usize, place: usize, items: u64) {
        // SAFETY: the invariant of `OwnAccumulators`; the worker's part is its own, in which all
        // bytes of copies are set, and what is behind the word is aligned as that is.
        unsafe {
            let copy = std::slice::from_raw_parts(self.place(worker_id, place), self.size);
            self.facts(worker_id, place).write(CopyFacts::of(items, copy));
        }
    }

    /// Calls a function with each output, and where the copy of its accumulators lies in this one.
    fn each_at(&self, copy: *mut u8, mut call: impl FnMut(&dyn AccumulatorBytes, *mut u8)) {
        let mut at = copy;
        for output in &self.outputs {
            call(&**output, at);
            at = at.wrapping_add(output.bytes());
        }
    }

    /// Copies a worker's accumulators to one of its places.
    ///
    /// # Safety
    /// The caller alone is this worker, none of whose slots is alive.
    unsafe fn copy(&self, worker_id: usize, place: *mut u8) {
        self.each_at(place, |output, at| {
            // SAFETY: as the caller promises; the worker's places are its own, and have room for
            // the copies of all outputs, each a multiple of the alignment.
            unsafe { output.save(worker_id, at) };
        });
    }

    /// Saves what a worker has accumulated, this block of so many items included, before that is
    /// laid down in the tree.
    ///
    /// # Safety
    /// The caller alone is this worker, none of whose slots is alive.
    pub(super) unsafe fn save(&self, worker_id: usize, block: usize, items: u64) {
        let word = self.word(worker_id);
        let last = word.load(Ordering::Relaxed);
        let saved_after = (block as u64 + 1) << 1;
        // Where it was killed before the block was laid down, its other copy is the one that
        // counts.
        let place = if last & !1 == saved_after { last & 1 } else { 1 - (last & 1) };
        let place_of_last = 1 - place as usize;
        // SAFETY: as the caller promises; the other copy is that of the last block that counts.
        unsafe {
            self.copy(worker_id, self.place(worker_id, place as usize));
            let before = (*self.facts(worker_id, place_of_last)).items;
            self.note(worker_id, place as usize, before + items);
        }
        word.store(saved_after | place, Ordering::Release);
    }

    /// The copy of each worker that has the blocks that count, of which none is added meanwhile.
    pub(super) fn snapshot(&self, counts: impl Fn(usize) -> bool) -> Vec<OwnCopy> {
        let copy = |worker_id| {
            let word = self.word(worker_id).load(Ordering::Acquire);
            let place = place_that_counts(word, &counts);
            let mut bytes = vec![0; self.size];
            // SAFETY: the worker does not write the copy that counts before another block of its
            // counts, and all bytes of it, and of what is kept with it, are set.
            let items = unsafe {
                let copy = self.place(worker_id, place);
                copy.copy_to_nonoverlapping(bytes.as_mut_ptr(), self.size);
                (*self.facts(worker_id, place)).items
            };
            OwnCopy { items, bytes }
        };
        (0..self.num_workers).map(copy).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_with_the_blocks_that_count_is_read() {
        const SIZE: usize = 128;
        let part = |word: u64| {
            let [one, two] = [(3, 1), (5, 2)].map(|(items, byte)| {
                let facts = CopyFacts::of(items, &[byte; SIZE]);
                (facts, [byte; SIZE])
            });
            let numbers = [word, one.0.items, one.0.checksum, two.0.items, two.0.checksum]
                .map(u64::to_le_bytes);
            [numbers.as_flattened(), &[0; WORD - 40], &one.1, &two.1].concat()
        };
        // Nothing saved yet; after block 0, which counts; after block 1, which does not; the same
        // in the second place.
        let words = [0, 2 | 1, 4, 4 | 1];
        let saved: Vec<u8> = words.into_iter().flat_map(part).collect();
        let copies = copies_that_count(&saved, SIZE, |block| block == 0).unwrap();
        let seen: Vec<_> = copies.iter().map(|copy| (copy.items, copy.bytes[0])).collect();
        assert_eq!(seen, [(3, 1), (5, 2), (5, 2), (3, 1)]);
        let again = as_first_copies(&copies);
        assert_eq!(bytes(4, SIZE), again.len());
        assert_eq!(copies_that_count(&again, SIZE, |_| false), Some(copies));
        for place in [8, 16, WORD, WORD + SIZE - 1] {
            let mut damaged = again.clone();
            damaged[place] ^= 1;
            assert_eq!(copies_that_count(&damaged, SIZE, |_| false), None);
        }
    }
}
