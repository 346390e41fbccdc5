//! Which accumulators lie at which place, in words that all workers share.
//!
//! The words change only while a worker holds the lock, for some tens of instructions; merges and
//! copies happen outside of it. A worker may be killed at any instruction of either. What a worker
//! has begun with a block counts once a node's word has its place, and not before: until then what
//! it took to merge is still where it was, and is given back by whoever takes the dead worker's
//! place. If the worker died with the lock, the parent first does to the end, or gives back, what
//! it was about to do ([`Places::recover`]), before anybody else can see it.
//!
//! A worker reserves a place before it claims a block, so that no block is ever done for which
//! there is none, and what is done is laid down at once. Where blocks are claimed in order and all
//! workers wait for places, every claimed block is laid down, in no more pieces than the tree has
//! levels: so there is a free place, and nobody waits for ever.

use std::hint;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::thread::futex;

use super::shape::{Next, Node, Shape};
use crate::element::CACHE_LINES;
use crate::memory::{Mapping, MappingId};

/// How long a worker that waits does not look whether the map is to stop.
pub(crate) const BETWEEN_STOP_CHECKS: Duration = Duration::from_millis(20);
/// How often a worker looks at the lock before it lets others run.
const SPINS: usize = 100;

#[repr(C, align(128))]
struct PlacesHeader {
    /// 1 + the number of the worker that has the lock, or 0.
    holder: AtomicU32,
    /// Counts the times that places were freed.
    freed: AtomicU32,
    /// Workers that wait for a place.
    waiting: AtomicU32,
}

const _: () = assert!(align_of::<PlacesHeader>() == CACHE_LINES);

/// What one worker does with its block's accumulators.
#[repr(C, align(128))]
struct MergeState {
    /// 1 + the block, while its accumulators are on their way, or 0.
    block: AtomicUsize,
    /// 1 + the last block whose accumulators have a place.
    done: AtomicUsize,
    /// 1 + the place that is reserved for the worker's block, or 0.
    reserved: AtomicU32,
    /// The index of the node that the accumulators of the block have come to.
    node: AtomicUsize,
    /// 1 + the place to be reserved for the block after that, or 0.
    next: AtomicU32,
}

const _: () = assert!(align_of::<MergeState>() == CACHE_LINES);

/// The places of a map's accumulators.
///
/// Invariant: the mapping holds a header, a seat for each worker, a word for each node and one for
/// each place, all atomics, for which zero bytes are valid.
pub(super) struct Places {
    mapping: Mapping,
    pub(super) shape: Shape,
    num_workers: usize,
    num_places: usize,
}

impl Places {
    /// The bytes that they take.
    pub(super) fn bytes(shape: &Shape, num_workers: usize, num_places: usize) -> usize {
        Places::before_words(num_workers)
            + shape.num_nodes() * size_of::<AtomicU64>()
            + num_places * size_of::<AtomicU32>()
    }

    /// The bytes before the words of the nodes.
    pub(super) fn before_words(num_workers: usize) -> usize {
        size_of::<PlacesHeader>() + num_workers * size_of::<MergeState>()
    }

    /// So many places, all free, for the nodes of a tree, in memory of zeros that these workers
    /// share.
    ///
    /// # Panics
    /// Panics if the mapping is too short.
    pub(super) fn new(
        mapping: Mapping,
        shape: Shape,
        num_workers: usize,
        num_places: usize,
    ) -> Self {
        let bytes = Places::bytes(&shape, num_workers, num_places);
        assert!(bytes <= mapping.len(), "the mapping holds all places");
        Places { mapping, shape, num_workers, num_places }
    }

    /// Which mapping it lies in.
    pub(super) fn mapping_id(&self) -> MappingId {
        self.mapping.id()
    }

    fn header(&self) -> &PlacesHeader {
        // SAFETY: the invariant of `Places`; mappings are aligned to 128 bytes, as the header is.
        unsafe { self.mapping.start().cast().as_ref() }
    }

    fn seat(&self, worker_id: usize) -> &MergeState {
        assert!(worker_id < self.num_workers, "worker {worker_id} of {}", self.num_workers);
        // SAFETY: the invariant of `Places`; the header's size is a multiple of the alignment.
        unsafe {
            let seats = self.mapping.start().add(size_of::<PlacesHeader>()).cast::<MergeState>();
            seats.add(worker_id).as_ref()
        }
    }

    /// The word of a node: 1 + its place, and above that 1 + the worker that has taken it, or 0.
    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.shape.num_nodes(), "node {index} of {}", self.shape.num_nodes());
        let before = Places::before_words(self.num_workers);
        // SAFETY: the invariant of `Places`; what is before is a multiple of 128 bytes.
        unsafe { self.mapping.start().add(before).cast::<AtomicU64>().add(index).as_ref() }
    }

    /// Not 0 while a place is in use.
    fn owner(&self, place: u32) -> &AtomicU32 {
        let place = place as usize;
        assert!(place < self.num_places, "place {place} of {}", self.num_places);
        let before = Places::before_words(self.num_workers)
            + self.shape.num_nodes() * size_of::<AtomicU64>();
        // SAFETY: the invariant of `Places`; what is before is a multiple of 8 bytes.
        unsafe { self.mapping.start().add(before).cast::<AtomicU32>().add(place).as_ref() }
    }

    /// Whether this is the last block of this worker whose accumulators have a place.
    pub(super) fn is_done(&self, worker_id: usize, block: usize) -> bool {
        self.seat(worker_id).done.load(Ordering::Relaxed) == block + 1
    }

    /// Waits for the lock, which nobody has for long, and takes it for this worker.
    pub(super) fn lock(&self, worker_id: usize) -> Locked<'_> {
        let holder = &self.header().holder;
        let own = worker_id as u32 + 1;
        let mut looks = 0;
        while holder.compare_exchange_weak(0, own, Ordering::Acquire, Ordering::Relaxed).is_err() {
            looks += 1;
            if looks % SPINS == 0 {
                std::thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
        Locked { places: self, worker_id }
    }

    /// Waits for the lock, and takes it for the caller of the map.
    pub(super) fn lock_for_caller(&self) -> Locked<'_> {
        self.lock(self.num_workers)
    }

    /// Does to the end, or gives back, what a dead worker was about to do with the lock.
    pub(super) fn recover(&self, worker_id: usize) {
        if self.header().holder.load(Ordering::Acquire) != worker_id as u32 + 1 {
            return;
        }
        let locked = Locked { places: self, worker_id };
        let seat = self.seat(worker_id);
        let reserved = seat.reserved.load(Ordering::Relaxed);
        let index = seat.node.load(Ordering::Relaxed);
        let has_begun = seat.block.load(Ordering::Relaxed) != 0 && reserved != 0;
        if has_begun && self.word(index).load(Ordering::Relaxed) == u64::from(reserved) {
            locked.finish_merge();
        } else {
            locked.give_back();
            seat.next.store(0, Ordering::Relaxed);
            if let Some(place) = reserved.checked_sub(1) {
                self.owner(place).store(1, Ordering::Relaxed);
            }
        }
    }

    /// Reserves a place for a worker's next block, unless it has one, and waits until one is free;
    /// `false` if the map is to stop.
    pub(super) fn reserve(&self, worker_id: usize, is_stopped: &dyn Fn() -> bool) -> bool {
        if self.seat(worker_id).reserved.load(Ordering::Relaxed) != 0 {
            return true;
        }
        let header = self.header();
        loop {
            let locked = self.lock(worker_id);
            if locked.reserve() {
                return true;
            }
            let seen = header.freed.load(Ordering::Relaxed);
            header.waiting.fetch_add(1, Ordering::Relaxed);
            drop(locked);
            let stopped = is_stopped();
            if !stopped {
                let at_most = futex::Timespec::try_from(BETWEEN_STOP_CHECKS).ok();
                // Whatever ends it, the loop looks again.
                let _ = futex::wait(&header.freed, futex::Flags::empty(), seen, at_most.as_ref());
            }
            header.waiting.fetch_sub(1, Ordering::Relaxed);
            if stopped {
                return false;
            }
        }
    }

    /// Has a free place be that of a node, before any worker has started.
    pub(super) fn occupy(&self, place: u32, node: Node) {
        self.owner(place).store(1, Ordering::Relaxed);
        let word = self.word(self.shape.index(node));
        word.store(u64::from(place + 1), Ordering::Release);
    }

    /// Sets the word of a node, as a worker leaves it that is killed.
    #[cfg(test)]
    pub(super) fn set_word(&self, index: usize, word: u64) {
        self.word(index).store(word, Ordering::Release);
    }

    /// The place that is reserved for a worker.
    pub(super) fn reserved(&self, worker_id: usize) -> Option<u32> {
        self.seat(worker_id).reserved.load(Ordering::Relaxed).checked_sub(1)
    }

    /// The place of a node's accumulators, if they have one and nobody has taken them. It may be
    /// another in a moment, unless the caller has the lock or all workers have ended.
    pub(super) fn place_of(&self, node: Node) -> Option<u32> {
        let word = self.word(self.shape.index(node)).load(Ordering::Acquire);
        u32::try_from(word).ok()?.checked_sub(1)
    }
}

/// A place that a worker has taken, to merge what lies there.
#[derive(Clone, Copy, Debug)]
pub(super) struct TakenPlace {
    pub(super) place: u32,
    /// Whether what lies there is the first of the two that are merged.
    pub(super) is_first: bool,
}

/// The lock, held by a worker until this is dropped.
pub(super) struct Locked<'p> {
    places: &'p Places,
    worker_id: usize,
}

impl Locked<'_> {
    fn seat(&self) -> &MergeState {
        self.places.seat(self.worker_id)
    }

    /// Begins with a block, whose accumulators the worker has whole, from the start.
    pub(super) fn begin(&self, block: usize) {
        self.give_back();
        self.seat().block.store(block + 1, Ordering::Relaxed);
    }

    /// Takes what a node's accumulators are merged with, as far up as it is there, in the order in
    /// which it is merged, and gives the node that they make together.
    pub(super) fn take_up_from(&self, mut node: Node, taken: &mut Vec<TakenPlace>) -> Node {
        let shape = &self.places.shape;
        loop {
            match shape.next(node) {
                Next::Result => return node,
                Next::Same(parent) => node = parent,
                Next::With { sibling, is_first } => {
                    let Some(place) = self.take(sibling) else { return node };
                    taken.push(TakenPlace { place, is_first });
                    node = shape.parent(node);
                }
            }
        }
    }

    /// Takes a node's accumulators, to be merged into the worker's; `None` if they are not there.
    fn take(&self, node: Node) -> Option<u32> {
        let word = self.places.word(self.places.shape.index(node));
        let place = u32::try_from(word.load(Ordering::Relaxed)).ok()?.checked_sub(1)?;
        word.store(u64::from(place + 1) | self.taken(), Ordering::Relaxed);
        Some(place)
    }

    /// What marks a word as taken by this worker.
    fn taken(&self) -> u64 {
        (self.worker_id as u64 + 1) << 32
    }

    /// Calls a function with each node whose accumulators count, and their place: also where a
    /// worker has taken them, and what it makes of them does not count yet.
    pub(super) fn each_that_counts(&self, mut call: impl FnMut(usize, u32)) {
        let shape = &self.places.shape;
        let place = |number| self.places.word(number).load(Ordering::Relaxed) as u32;
        shape.nodes_that_count(place).for_each(|(number, place)| call(number, place));
    }

    /// Reserves a free place for the worker's next block; `false` if there is none.
    fn reserve(&self) -> bool {
        let places = self.places;
        let is_free = |&place: &u32| places.owner(place).load(Ordering::Relaxed) == 0;
        let Some(place) = (0..places.num_places as u32).find(is_free) else { return false };
        self.seat().reserved.store(place + 1, Ordering::Relaxed);
        places.owner(place).store(1, Ordering::Relaxed);
        true
    }

    /// Makes the place that the worker has filled that of this node: the block is done.
    pub(super) fn publish(&self, node: Node) {
        let (seat, index) = (self.seat(), self.places.shape.index(node));
        let reserved = seat.reserved.load(Ordering::Relaxed);
        seat.node.store(index, Ordering::Relaxed);
        self.places.word(index).store(u64::from(reserved), Ordering::Release);
        self.finish_merge();
    }

    /// What follows once the word is there: the block is done, and the places of what was merged
    /// into it are free, but for one, which is reserved for the next block.
    fn finish_merge(&self) {
        let seat = self.seat();
        let block = seat.block.load(Ordering::Relaxed);
        seat.done.store(block, Ordering::Relaxed);
        let mut freed = false;
        self.each_taken(|word, place| {
            // The word last: until then the place is known by it. Nobody can take a free place
            // while this worker has the lock.
            match seat.next.load(Ordering::Relaxed) {
                0 => seat.next.store(place + 1, Ordering::Relaxed),
                next if next == place + 1 => {}
                _ => {
                    self.places.owner(place).store(0, Ordering::Relaxed);
                    freed = true;
                }
            }
            word.store(0, Ordering::Relaxed);
        });
        seat.reserved.store(seat.next.load(Ordering::Relaxed), Ordering::Relaxed);
        seat.next.store(0, Ordering::Relaxed);
        seat.block.store(0, Ordering::Relaxed);
        if freed {
            let header = self.places.header();
            header.freed.fetch_add(1, Ordering::Relaxed);
            if header.waiting.load(Ordering::Relaxed) > 0 {
                let _ = futex::wake(&header.freed, futex::Flags::empty(), i32::MAX as u32);
            }
        }
    }

    /// Gives back what the worker has taken for a block that it has not done to the end.
    fn give_back(&self) {
        self.each_taken(|word, place| word.store(u64::from(place + 1), Ordering::Relaxed));
        self.seat().block.store(0, Ordering::Relaxed);
    }

    /// Calls a function with the words of the nodes that the worker has taken, and their places.
    fn each_taken(&self, mut call: impl FnMut(&AtomicU64, u32)) {
        let places = self.places;
        let Some(block) = self.seat().block.load(Ordering::Relaxed).checked_sub(1) else { return };
        let mut node = places.shape.leaf(block);
        loop {
            match places.shape.next(node) {
                Next::Result => return,
                Next::Same(parent) => node = parent,
                Next::With { sibling, .. } => {
                    let word = places.word(places.shape.index(sibling));
                    let taken = word.load(Ordering::Relaxed);
                    if taken & !u64::from(u32::MAX) == self.taken() {
                        call(word, (taken as u32).wrapping_sub(1));
                    }
                    node = places.shape.parent(node);
                }
            }
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.places.header().holder.store(0, Ordering::Release);
    }
}
