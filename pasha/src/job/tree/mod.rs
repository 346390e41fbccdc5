//! Reductions whose bits do not depend on who computes what.
//!
//! The items are cut into blocks, and each block has accumulators of its own, which are merged in
//! a binary tree over the blocks; blocks and tree follow from the number of items and the size of
//! the accumulators alone. A worker that is done with a block merges into its accumulators what its
//! neighbours in the tree have come to, as far up as that is there, and lays the result down at a
//! *place*, where the worker that completes the other half finds it. So a few places do, however
//! many blocks there are.

mod blocks;
mod own;
mod places;
mod saved;
mod shape;

use std::num::NonZeroUsize;

use crate::element::MOST_ALIGNED;
use crate::error::Result;
use crate::memory::{Mapping, MappingId, Memory, Pages};
use crate::options::Splitting;
use crate::output::worker::{AccumulatorBytes, OtherAccumulator, Reduction};
pub(crate) use blocks::Blocks;
use blocks::{CHECKSUM, checksum_of_node};
use own::OwnAccumulators;
pub(crate) use places::BETWEEN_STOP_CHECKS;
use places::{Places, TakenPlace};
use saved::{MappedTree, SavedNode};
pub(crate) use saved::{SavedTree, TreeSnapshot};
use shape::{Node, Shape};

/// Where there is room for all blocks in so many bytes, nobody ever waits for a place.
const AMPLE_BYTES: usize = 1 << 20;

/// The accumulators of the blocks of one map, and the tree in which they are merged.
pub(crate) struct MergeTree<'r> {
    reductions: Vec<Box<dyn Reduction + 'r>>,
    places: Places,
    blocks: Blocks,
    /// Copies of accumulators, `blocks.size` bytes for each place.
    copies: Mapping,
    /// Those that are not merged, of a job that is resumed.
    own: Option<OwnAccumulators<'r>>,
    /// Whether it lies in a file, so that what is at places stays as it is.
    is_saved: bool,
    /// Where it is saved now and then.
    durable: Option<SavedTree>,
}

/// Where a tree lies.
pub(crate) enum TreeMemory {
    /// In memory of this kind and these pages.
    Anonymous(Memory, Pages),
    /// In a file, with what was saved there.
    File(SavedTree),
    /// In memory of this kind and these pages, with what was saved in a file, into which it is
    /// saved now and then.
    Durable(Memory, Pages, SavedTree),
}

impl<'r> MergeTree<'r> {
    /// A tree for a map over so many items, of which others may be run `elsewhere`.
    pub(crate) fn new(
        reductions: Vec<Box<dyn Reduction + 'r>>,
        own: Vec<Box<dyn AccumulatorBytes + 'r>>,
        blocks: Blocks,
        num_workers: usize,
        elsewhere: bool,
        splitting: Splitting,
        memory: TreeMemory,
    ) -> Result<Self> {
        let Blocks { shape, size, .. } = blocks.clone();
        let levels = shape.num_levels();
        // A place is reserved for each worker. Of blocks that are claimed in order, all are done
        // but those that workers are at: a place for each level is enough for somebody to go on,
        // and one for each worker besides lets all go on. Parts leave gaps, each with two places a
        // level, and so does what others have: how many gaps, is not known.
        let needed = match splitting {
            _ if elsewhere => shape.num_blocks(),
            Splitting::Static => num_workers * (2 * levels + 1),
            _ => num_workers + levels + 1,
        };
        let roomy = AMPLE_BYTES / std::cmp::max(size, 1);
        let saved = match &memory {
            TreeMemory::Anonymous(..) => 0,
            TreeMemory::File(saved) | TreeMemory::Durable(.., saved) => saved.nodes.len(),
        };
        let num_places = (needed.max(roomy) + saved).min(shape.num_blocks()) + num_workers;
        let (places, copies, own_mapping, new) = match &memory {
            &TreeMemory::Anonymous(memory, pages) | &TreeMemory::Durable(memory, pages, _) => {
                let bytes = Places::bytes(&shape, num_workers, num_places);
                let places = Mapping::sparse(bytes, memory)?;
                let copies = Mapping::anonymous(num_places * size, memory, pages);
                let mut copies = copies.map_err(|error| error.of_accumulators(num_places))?;
                copies.make_huge_pages();
                (places, copies, None, None)
            }
            TreeMemory::File(saved) => {
                let mapped = saved.create(&blocks, num_workers, num_places)?;
                let MappedTree { new, places, copies, own } = mapped;
                (places, copies, own, Some(new))
            }
        };
        let places = Places::new(places, shape, num_workers, num_places);
        let is_saved = new.is_some();
        let own = match (&memory, own_mapping) {
            (TreeMemory::File(saved), Some(mapping)) => {
                // SAFETY: no worker has started; the outputs were attached for at least so many,
                // and the job file says that the copies are of this kernel's outputs.
                Some(unsafe { OwnAccumulators::new(own, mapping, num_workers, &saved.own) })
            }
            (&TreeMemory::Durable(memory, _, ref saved), _) if blocks.own > 0 => {
                // SAFETY: no worker has started; the outputs were attached for at least so many,
                // and the job file says that the copies are of this kernel's outputs.
                Some(unsafe { OwnAccumulators::anonymous(own, memory, num_workers, &saved.own) }?)
            }
            _ => None,
        };
        let mut tree =
            MergeTree { reductions, places, blocks, copies, own, is_saved, durable: None };
        if let TreeMemory::File(saved) | TreeMemory::Durable(.., saved) = &memory {
            tree.lay_down(saved);
        }
        if let Some(new) = new {
            new.put_in_place()?;
        }
        if let TreeMemory::Durable(.., saved) = memory {
            tree.durable = Some(saved);
        }
        Ok(tree)
    }

    /// Puts what was saved at places that are free, before any worker has started.
    fn lay_down(&self, saved: &SavedTree) {
        for (place, node) in (0..).zip(&saved.nodes) {
            self.places.occupy(place, self.shape().node(node.number));
            let bytes = &node.copies[..self.blocks.size];
            // SAFETY: nobody else uses the tree, and the place has room for so many bytes.
            unsafe { self.start(place).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }
    }

    /// Where the copy of each reduction's accumulator begins at a place.
    fn offsets(&self) -> impl Iterator<Item = usize> {
        self.reductions.iter().scan(0, |at, reduction| {
            let offset = *at;
            *at += reduction.bytes().next_multiple_of(MOST_ALIGNED);
            Some(offset)
        })
    }

    /// The blocks of items.
    pub(crate) fn shape(&self) -> &Shape {
        &self.places.shape
    }

    /// The items of a block.
    pub(crate) fn block_items(&self) -> usize {
        self.shape().block_items()
    }

    /// How a map over the blocks is split where it is to be split so: whoever claims takes one
    /// block, so that blocks are done about in order.
    pub(crate) fn splitting(&self, wanted: Splitting) -> Splitting {
        match (wanted, NonZeroUsize::new(self.block_items())) {
            (Splitting::Guided | Splitting::Fixed(_), Some(items)) => Splitting::Fixed(items),
            _ => wanted,
        }
    }

    /// Which mappings it lies in.
    pub(crate) fn mapping_ids(&self) -> impl Iterator<Item = MappingId> {
        let own = self.own.as_ref().map(OwnAccumulators::mapping_id);
        [self.places.mapping_id(), self.copies.id()].into_iter().chain(own)
    }

    /// Where a place begins.
    fn start(&self, place: u32) -> *mut u8 {
        self.copies.start().as_ptr().wrapping_add(place as usize * self.blocks.size)
    }

    /// The checksum of the bytes of all copies at a place, where they are saved.
    ///
    /// # Safety
    /// The caller alone has the place.
    unsafe fn checksum_at(&self, place: u32) -> Option<u32> {
        let is_needed = self.is_saved || self.durable.is_some();
        is_needed.then(|| {
            let len = self.blocks.size - CHECKSUM;
            // SAFETY: the place has so many bytes, all set, which nobody writes meanwhile, as the
            // caller promises.
            crc32fast::hash(unsafe { std::slice::from_raw_parts(self.start(place), len) })
        })
    }

    /// The reductions, each with where the copy of its accumulator lies at this place.
    fn copies(&self, place: u32) -> impl Iterator<Item = (&dyn Reduction, *mut u8)> {
        let start = self.start(place);
        let copies = self.offsets().map(move |offset| start.wrapping_add(offset));
        self.reductions.iter().map(|reduction| &**reduction).zip(copies)
    }

    /// What the blocks that are done have come to, and where that is to be saved, if it is now and
    /// then. Workers go on meanwhile, but for those that want to merge.
    pub(crate) fn snapshot(&self) -> Option<TreeSnapshot<'_>> {
        let saved = self.durable.as_ref()?;
        let mut nodes = Vec::new();
        let locked = self.places.lock_for_caller();
        locked.each_that_counts(|number, place| {
            let size = self.blocks.size;
            let start = self.start(place);
            let mut copies = vec![0; size];
            // SAFETY: whoever published the place has put whole accumulators there, which nobody
            // writes before it is freed, under the lock.
            unsafe { start.copy_to_nonoverlapping(copies.as_mut_ptr(), size) };
            nodes.push(SavedNode { number, copies });
        });
        let counts = self.shape().is_in(nodes.iter().map(|node| node.number));
        // With the lock, without which no block begins to count.
        let own =
            self.own.as_ref().map(|own| own.snapshot(|block| counts.get(block) == Some(&true)));
        drop(locked);
        Some(TreeSnapshot { saved, blocks: &self.blocks, nodes, own: own.unwrap_or_default() })
    }

    /// Has a place for what a worker makes of its next block, before it claims that, and waits
    /// until there is one; `false` if the map is to stop.
    pub(crate) fn reserve(&self, worker_id: usize, is_stopped: &dyn Fn() -> bool) -> bool {
        self.places.reserve(worker_id, is_stopped)
    }

    /// Takes in what a worker has accumulated over a block, all of it, and sets its accumulators
    /// back; `false` if the map is to stop, and nothing was set back.
    ///
    /// # Safety
    /// The caller alone is this worker, none of whose slots is alive, and it alone has the block.
    pub(crate) unsafe fn take_in(
        &self,
        worker_id: usize,
        block: usize,
        is_stopped: &dyn Fn() -> bool,
    ) -> bool {
        if !self.places.is_done(worker_id, block) {
            // Blocks of a part that a worker has from the start, for which there are places enough.
            if !self.reserve(worker_id, is_stopped) {
                return false;
            }
            // SAFETY: the caller alone is this worker, none of whose slots is alive, and it alone
            // has the block.
            unsafe {
                if let Some(own) = &self.own {
                    own.save(worker_id, block, self.shape().items_of_block(block).len() as u64);
                }
                self.merge_up(worker_id, self.shape().leaf(block));
            }
            return true;
        }
        for reduction in &self.reductions {
            // SAFETY: the caller alone is this worker, and none of its slots is alive.
            unsafe { reduction.reset(worker_id) };
        }
        true
    }

    /// Moves a worker's accumulators to the place that is reserved for them, merged with what is
    /// there, as far up as it is. At first they are those of this node.
    ///
    /// # Safety
    /// As for [`take_in`](Self::take_in).
    unsafe fn merge_up(&self, worker_id: usize, mut node: Node) {
        let shape = &self.places.shape;
        let mut locked = self.places.lock(worker_id);
        locked.begin(shape.first_block(node));
        let Some(own_place) = self.places.reserved(worker_id) else { return };
        let (mut is_moved, mut checksum) = (false, None);
        loop {
            let mut others = Vec::new();
            node = locked.take_up_from(node, &mut others);
            if others.is_empty() && is_moved {
                if let Some(bytes) = checksum {
                    let checksum = checksum_of_node(shape.index(node), bytes);
                    let behind = self.start(own_place).wrapping_add(self.blocks.size - CHECKSUM);
                    // SAFETY: the place is reserved for the caller alone until it is published, and
                    // has room behind the copies, aligned as each place is.
                    unsafe { behind.cast::<u32>().write(checksum) };
                }
                return locked.publish(node);
            }
            drop(locked);
            for ((reduction, own), offset) in self.copies(own_place).zip(self.offsets()) {
                let others = self.others(&others, offset);
                // SAFETY: the caller alone is this worker, none of whose slots is alive, and has
                // its place and those that it has taken, with whole accumulators, alone; places
                // are apart and have room for all outputs.
                unsafe {
                    if is_moved {
                        reduction.merge(own, &others);
                    } else {
                        reduction.move_to(worker_id, own, &others);
                    }
                }
            }
            is_moved = true;
            // SAFETY: the place is reserved for the caller alone.
            checksum = unsafe { self.checksum_at(own_place) };
            // Meanwhile what it is merged with next may have come.
            locked = self.places.lock(worker_id);
        }
    }

    /// The copies of one output at places that were taken.
    fn others(&self, taken: &[TakenPlace], offset: usize) -> Vec<OtherAccumulator> {
        let other = |taken: &TakenPlace| OtherAccumulator {
            start: self.start(taken.place).wrapping_add(offset),
            is_first: taken.is_first,
        };
        taken.iter().map(other).collect()
    }

    /// Merges what lies at one place into what lies at another.
    ///
    /// # Safety
    /// The caller alone has both, and whole accumulators lie at both.
    unsafe fn merge_places(&self, into: u32, other: u32) {
        for ((reduction, into), (_, other)) in self.copies(into).zip(self.copies(other)) {
            // SAFETY: as the caller promises; places are apart.
            unsafe { reduction.merge(into, &[OtherAccumulator { start: other, is_first: false }]) };
        }
    }

    /// Merges what lies at a place into a worker's accumulators, as the first of the two.
    ///
    /// # Safety
    /// The caller alone has both.
    unsafe fn merge(&self, worker_id: usize, place: u32) {
        for (reduction, copy) in self.copies(place) {
            let own = reduction.accumulator(worker_id);
            // SAFETY: as the caller promises; both hold accumulators of this output.
            unsafe { reduction.merge(own, &[OtherAccumulator { start: copy, is_first: true }]) };
        }
    }

    /// Does to the end, or gives back, what a dead worker was about to do, so that nobody waits
    /// for it.
    pub(crate) fn recover(&self, worker_id: usize) {
        self.places.recover(worker_id);
    }

    /// Whether all blocks are in the tree, once all workers have ended.
    pub(crate) fn is_whole(&self) -> bool {
        self.places.shape.root().is_none_or(|root| self.is_whole_at(root))
    }

    fn is_whole_at(&self, node: Node) -> bool {
        self.places.place_of(node).is_some()
            || self.places.shape.children(node).is_some_and(|(first, second)| {
                self.is_whole_at(first) && second.is_none_or(|second| self.is_whole_at(second))
            })
    }

    /// Merges what lies in the tree into the first worker's accumulators, which are all the result
    /// if the tree is whole.
    ///
    /// # Safety
    /// All workers have ended, and the accumulators are still attached.
    pub(crate) unsafe fn collect(&self) {
        let Some(root) = self.places.shape.root() else { return };
        if self.is_saved && self.places.place_of(root).is_none() {
            // SAFETY: as the caller promises.
            return unsafe { self.add_all() };
        }
        let is_whole = self.is_whole();
        // SAFETY: as the caller promises.
        let Some(place) = (unsafe { self.merged(root) }) else { return };
        for (reduction, copy) in self.copies(place) {
            let result = reduction.accumulator(0);
            // SAFETY: all workers have ended; both hold accumulators of this output.
            unsafe {
                if is_whole {
                    result.copy_from_nonoverlapping(copy, reduction.bytes());
                } else {
                    // The worker's own are of a block that is not whole.
                    reduction.merge(result, &[OtherAccumulator { start: copy, is_first: true }]);
                }
            }
        }
    }

    /// Merges what lies at all places into the first worker's accumulators, and leaves the places
    /// as they are.
    ///
    /// # Safety
    /// As for [`collect`](Self::collect).
    unsafe fn add_all(&self) {
        let shape = self.shape();
        let mut nodes = self.laid_down();
        // From the last to the first, each before what is merged already.
        nodes.sort_unstable_by_key(|&number| shape.first_block(shape.node(number)));
        for number in nodes.into_iter().rev() {
            let Some(place) = self.places.place_of(shape.node(number)) else { continue };
            // SAFETY: as the caller promises, nobody else uses accumulators or places.
            unsafe { self.merge(0, place) };
        }
    }

    /// Merges what lies below a node, and says at which place it lies then.
    ///
    /// # Safety
    /// As for [`collect`](Self::collect).
    unsafe fn merged(&self, node: Node) -> Option<u32> {
        if let Some(place) = self.places.place_of(node) {
            return Some(place);
        }
        let (first, second) = self.places.shape.children(node)?;
        // SAFETY: as the caller promises.
        let (first, second) =
            unsafe { (self.merged(first), second.and_then(|second| self.merged(second))) };
        let (Some(into), Some(other)) = (first, second) else { return first.or(second) };
        // SAFETY: all workers have ended; both hold accumulators, of different nodes.
        unsafe { self.merge_places(into, other) };
        Some(into)
    }

    /// The numbers of the nodes whose accumulators lie at places, once all workers have ended.
    pub(crate) fn laid_down(&self) -> Vec<usize> {
        let shape = &self.places.shape;
        let is_there = |&number: &usize| self.places.place_of(shape.node(number)).is_some();
        (0..shape.num_nodes()).filter(is_there).collect()
    }

    /// Adds the accumulators of such a node to a message.
    pub(crate) fn pack(&self, number: usize, message: &mut Vec<u8>) {
        let Some(place) = self.places.place_of(self.places.shape.node(number)) else { return };
        for (reduction, copy) in self.copies(place) {
            // SAFETY: whoever published the place has set so many bytes there, which nobody writes
            // any more.
            let bytes = unsafe { std::slice::from_raw_parts(copy, reduction.bytes()) };
            message.extend_from_slice(bytes);
        }
    }

    /// Takes in the accumulators of a node that `pack` has added to a message elsewhere, for the
    /// same kernel and outputs; `None` if the message has another length.
    ///
    /// # Safety
    /// All workers have ended, and the accumulators are still attached.
    pub(crate) unsafe fn unpack(&self, number: usize, mut message: &[u8]) -> Option<()> {
        if number >= self.places.shape.num_nodes() {
            return None;
        }
        for reduction in &self.reductions {
            let (bytes, rest) = message.split_at_checked(reduction.bytes())?;
            // SAFETY: no worker runs; these are the bytes of an accumulator of this output.
            unsafe {
                reduction.accumulator(0).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            }
            message = rest;
        }
        let node = self.places.shape.node(number);
        // There are places for all nodes, so that it does not wait.
        if !self.reserve(0, &|| true) {
            return None;
        }
        // SAFETY: no worker runs, so that all their numbers are the caller's.
        unsafe { self.merge_up(0, node) };
        Some(())
    }
}
