//! Which accumulators lie at which place, in words that all workers share.
//!
//! The words change only while a worker holds the lock, for some tens of instructions; merges and
//! copies happen outside of it. A worker may be killed at any instruction of either. What a worker
//! has begun with a block counts once a node's word has its place, and not before: until then what
//! it took to merge is still where it was, and is given back by whoever takes the dead worker's
//! place. If the worker died with the lock, the parent first does to the end, or gives back, what
//! it was about to do ([`Places::recover`]), before anybody else can see it.

use std::hint;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::thread::futex;

use super::shape::{Next, Node, Shape};
use crate::error::Result;
use crate::memory::{Mapping, Memory};

/// How long a worker waits for a place without looking whether the map is to stop.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// How often a worker looks at the lock before it lets others run.
const SPINS: usize = 100;

#[repr(C, align(128))]
struct Header {
    /// 1 + the number of the worker that has the lock, or 0.
    holder: AtomicU32,
    /// Counts the times that places were freed.
    freed: AtomicU32,
    /// Workers that wait for a place.
    waiting: AtomicU32,
}

/// What one worker does with its block's accumulators.
#[repr(C, align(128))]
struct Seat {
    /// 1 + the block, while its accumulators are on their way, or 0.
    block: AtomicUsize,
    /// 1 + the last block whose accumulators have a place.
    done: AtomicUsize,
    /// 1 + the index of the node whose accumulators are whole in the worker's own, or 0.
    reached: AtomicUsize,
    /// 1 + the place that the worker fills, or 0; and the index of the node that it is for.
    filling: AtomicU32,
    filled_for: AtomicUsize,
}

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
    /// So many places, all free, for the nodes of a tree, in memory that these workers share.
    pub(super) fn new(
        shape: Shape,
        num_workers: usize,
        num_places: usize,
        memory: Memory,
    ) -> Result<Self> {
        let bytes = size_of::<Header>()
            + num_workers * size_of::<Seat>()
            + shape.num_nodes() * size_of::<AtomicU64>()
            + num_places * size_of::<AtomicU32>();
        Ok(Places { mapping: Mapping::sparse(bytes, memory)?, shape, num_workers, num_places })
    }

    /// Where its mapping starts.
    pub(super) fn start(&self) -> usize {
        self.mapping.start().as_ptr() as usize
    }

    fn header(&self) -> &Header {
        // SAFETY: the invariant of `Places`; mappings are aligned to 128 bytes, as the header is.
        unsafe { self.mapping.start().cast().as_ref() }
    }

    fn seat(&self, worker_id: usize) -> &Seat {
        assert!(worker_id < self.num_workers, "worker {worker_id} of {}", self.num_workers);
        // SAFETY: the invariant of `Places`; the header's size is a multiple of the alignment.
        unsafe {
            let seats = self.mapping.start().add(size_of::<Header>()).cast::<Seat>();
            seats.add(worker_id).as_ref()
        }
    }

    /// The word of a node: 1 + its place, and above that 1 + the worker that has taken it, or 0.
    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.shape.num_nodes(), "node {index} of {}", self.shape.num_nodes());
        let before = size_of::<Header>() + self.num_workers * size_of::<Seat>();
        // SAFETY: the invariant of `Places`; what is before is a multiple of 128 bytes.
        unsafe { self.mapping.start().add(before).cast::<AtomicU64>().add(index).as_ref() }
    }

    /// Not 0 while a place is in use.
    fn owner(&self, place: u32) -> &AtomicU32 {
        let place = place as usize;
        assert!(place < self.num_places, "place {place} of {}", self.num_places);
        let before = size_of::<Header>()
            + self.num_workers * size_of::<Seat>()
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

    /// Does to the end, or gives back, what a dead worker was about to do with the lock.
    pub(super) fn recover(&self, worker_id: usize) {
        if self.header().holder.load(Ordering::Acquire) != worker_id as u32 + 1 {
            return;
        }
        let locked = Locked { places: self, worker_id };
        let seat = self.seat(worker_id);
        let filling = seat.filling.load(Ordering::Relaxed);
        let index = seat.filled_for.load(Ordering::Relaxed);
        if filling != 0 && self.word(index).load(Ordering::Relaxed) == u64::from(filling) {
            locked.settle();
        } else {
            locked.give_back();
        }
    }

    /// Waits until a place is freed, or the map is to stop; `false` if it is.
    pub(super) fn wait(&self, locked: Locked<'_>, is_stopped: &dyn Fn() -> bool) -> bool {
        let header = self.header();
        let seen = header.freed.load(Ordering::Relaxed);
        header.waiting.fetch_add(1, Ordering::Relaxed);
        drop(locked);
        let stopped = is_stopped();
        if !stopped {
            let at_most = futex::Timespec::try_from(BETWEEN_LOOKS).ok();
            // Whatever ends it, the caller looks again.
            let _ = futex::wait(&header.freed, futex::Flags::empty(), seen, at_most.as_ref());
        }
        header.waiting.fetch_sub(1, Ordering::Relaxed);
        !stopped
    }

    /// The place of a node's accumulators, if they have one and nobody has taken them. After all
    /// workers have ended.
    pub(super) fn place_of(&self, node: Node) -> Option<u32> {
        let word = self.word(self.shape.index(node)).load(Ordering::Acquire);
        u32::try_from(word).ok()?.checked_sub(1)
    }

    /// The worker whose own accumulators are those of this node, if they have no place. After all
    /// workers have ended.
    pub(super) fn holder_of(&self, node: Node) -> Option<usize> {
        let reached = self.shape.index(node) + 1;
        (0..self.num_workers).find(|&worker_id| {
            let seat = self.seat(worker_id);
            seat.block.load(Ordering::Acquire) != 0
                && seat.reached.load(Ordering::Acquire) == reached
        })
    }
}

/// The lock, held by a worker until this is dropped.
pub(super) struct Locked<'p> {
    places: &'p Places,
    worker_id: usize,
}

impl Locked<'_> {
    fn seat(&self) -> &Seat {
        self.places.seat(self.worker_id)
    }

    /// Begins with a block, whose accumulators the worker has whole, from the start.
    pub(super) fn begin(&self, block: usize) {
        self.give_back();
        self.seat().block.store(block + 1, Ordering::Relaxed);
    }

    /// Notes that the worker's accumulators are those of this node, whole.
    pub(super) fn reach(&self, node: Node) {
        let reached = self.places.shape.index(node) + 1;
        self.seat().reached.store(reached, Ordering::Release);
    }

    /// Takes a node's accumulators, to be merged into the worker's; `None` if they are not there.
    pub(super) fn take(&self, node: Node) -> Option<u32> {
        let word = self.places.word(self.places.shape.index(node));
        let place = u32::try_from(word.load(Ordering::Relaxed)).ok()?.checked_sub(1)?;
        // Until the merge is done the worker's accumulators are of no node.
        self.seat().reached.store(0, Ordering::Relaxed);
        word.store(u64::from(place + 1) | self.taken(), Ordering::Relaxed);
        Some(place)
    }

    /// What marks a word as taken by this worker.
    fn taken(&self) -> u64 {
        (self.worker_id as u64 + 1) << 32
    }

    /// A free place, from now on this worker's, for the accumulators of a node.
    pub(super) fn reserve(&self, node: Node) -> Option<u32> {
        let places = self.places;
        let place = (0..places.num_places as u32)
            .find(|&place| places.owner(place).load(Ordering::Relaxed) == 0)?;
        let seat = self.seat();
        seat.filled_for.store(places.shape.index(node), Ordering::Relaxed);
        seat.filling.store(place + 1, Ordering::Relaxed);
        places.owner(place).store(self.worker_id as u32 + 1, Ordering::Relaxed);
        Some(place)
    }

    /// Frees the place that the worker was about to fill.
    pub(super) fn forgo(&self) {
        let seat = self.seat();
        if let Some(place) = seat.filling.load(Ordering::Relaxed).checked_sub(1) {
            self.places.owner(place).store(0, Ordering::Relaxed);
            seat.filling.store(0, Ordering::Relaxed);
        }
    }

    /// Makes the place that the worker has filled that of its node: the block is done.
    pub(super) fn publish(&self) {
        let seat = self.seat();
        let filling = seat.filling.load(Ordering::Relaxed);
        let index = seat.filled_for.load(Ordering::Relaxed);
        self.places.word(index).store(u64::from(filling), Ordering::Release);
        self.settle();
    }

    /// What follows once the word is there: the block is done, and what was merged into it free.
    fn settle(&self) {
        let seat = self.seat();
        let block = seat.block.load(Ordering::Relaxed);
        seat.done.store(block, Ordering::Relaxed);
        let mut freed = false;
        self.each_taken(|word, place| {
            // In this order: nobody can take a free place while this worker has the lock.
            self.places.owner(place).store(0, Ordering::Relaxed);
            word.store(0, Ordering::Relaxed);
            freed = true;
        });
        self.leave();
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
        self.forgo();
        self.leave();
    }

    fn leave(&self) {
        let seat = self.seat();
        seat.filling.store(0, Ordering::Relaxed);
        seat.reached.store(0, Ordering::Relaxed);
        seat.block.store(0, Ordering::Relaxed);
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
