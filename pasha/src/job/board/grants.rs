//! The items that this rank of several has been granted, and which of them are finished, in memory
//! that its workers share.
//!
//! A rank gets *blocks* of indices from rank 0, ahead of need. Its workers claim shares of them
//! from the same cursor as the workers of one machine, which counts the granted items on its own:
//! what lies at a *position* of the cursor, the list of blocks says. A block is written into the
//! list before its positions may be claimed, and stays there, so that also a worker that dies in
//! the middle of a claim is settled by it.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::thread::futex;

use super::finished::FinishedItems;
use crate::element::CACHE_LINES;
use crate::error::Result;
use crate::job::share::Shares;
use crate::memory::{Mapping, MappingId, Memory};

/// The most blocks of a map that a rank can get; see [`least_block`].
const MOST_GRANTED_BLOCKS: usize = 1 << 21;

/// The items of the smallest block of a map over this many, if there are so many left: no rank
/// gets more blocks than fit into its list.
pub(crate) fn least_block(len: usize) -> usize {
    len.div_ceil(MOST_GRANTED_BLOCKS / 2).max(1)
}

#[repr(C, align(128))]
struct GrantsHeader {
    /// Items granted: the cursor's limit.
    granted: AtomicUsize,
    /// Blocks in the list.
    blocks: AtomicUsize,
    /// Not 0 once nothing will be granted any more.
    over: AtomicU32,
    /// Changes with each block, and at the end: what workers wait for.
    news: AtomicU32,
    /// Workers that wait.
    waiting: AtomicU32,
}

const _: () = assert!(align_of::<GrantsHeader>() == CACHE_LINES);

/// A block: the cursor's position at its first index, and that index.
#[repr(C)]
struct GrantedBlock {
    position: AtomicUsize,
    start: AtomicUsize,
}

/// What this rank has been granted and has finished.
///
/// Invariant: the mapping holds a header and `capacity` blocks, and lives as long as this. All are
/// atomics, for which zero bytes are valid.
pub(crate) struct Grants {
    mapping: Mapping,
    capacity: usize,
    /// Those that are finished.
    pub(crate) finished: FinishedItems,
}

impl Grants {
    /// Nothing granted, and nothing finished, of this many items.
    pub(crate) fn new(len: usize, memory: Memory) -> Result<Grants> {
        let capacity = len.min(MOST_GRANTED_BLOCKS) + 1;
        let bytes = size_of::<GrantsHeader>() + capacity * size_of::<GrantedBlock>();
        let finished = FinishedItems::new(len, memory)?;
        Ok(Grants { mapping: Mapping::sparse(bytes, memory)?, capacity, finished })
    }

    /// Which mappings it lies in.
    pub(crate) fn mapping_ids(&self) -> [MappingId; 2] {
        [self.mapping.id(), self.finished.mapping_id()]
    }

    fn header(&self) -> &GrantsHeader {
        // SAFETY: the invariant of `Grants`; mappings are aligned to 128 bytes.
        unsafe { self.mapping.start().cast().as_ref() }
    }

    fn blocks(&self) -> &[GrantedBlock] {
        // SAFETY: the invariant of `Grants`; the header's size is a multiple of its alignment.
        unsafe {
            let first = self.mapping.start().add(size_of::<GrantsHeader>()).cast::<GrantedBlock>();
            std::slice::from_raw_parts(first.as_ptr(), self.capacity)
        }
    }

    /// Adds a block; `false` if the list is full. Called by one thread alone.
    pub(crate) fn grant(&self, block: Range<usize>) -> bool {
        let header = self.header();
        let number = header.blocks.load(Ordering::Relaxed);
        let Some(entry) = self.blocks().get(number) else { return false };
        let position = header.granted.load(Ordering::Relaxed);
        entry.position.store(position, Ordering::Relaxed);
        entry.start.store(block.start, Ordering::Relaxed);
        // Before the limit: whoever sees that finds the block.
        header.blocks.store(number + 1, Ordering::Release);
        header.granted.store(position + block.len(), Ordering::Release);
        self.wake();
        true
    }

    /// Notes that nothing will be granted any more.
    pub(crate) fn end(&self) {
        self.header().over.store(1, Ordering::Release);
        self.wake();
    }

    /// Whether nothing will be granted any more.
    pub(crate) fn is_over(&self) -> bool {
        self.header().over.load(Ordering::Acquire) != 0
    }

    /// The number of items granted so far.
    pub(crate) fn granted(&self) -> usize {
        self.header().granted.load(Ordering::Acquire)
    }

    /// The number of workers that wait for a block.
    pub(crate) fn num_waiting(&self) -> usize {
        self.header().waiting.load(Ordering::Relaxed) as usize
    }

    fn wake(&self) {
        let news = &self.header().news;
        news.fetch_add(1, Ordering::Release);
        // Where nobody waits, nobody is woken.
        let _ = futex::wake(news, futex::Flags::empty(), i32::MAX as u32);
    }

    /// What changes when there are news: to be asked before a claim that may find nothing.
    pub(crate) fn news(&self) -> u32 {
        self.header().news.load(Ordering::Acquire)
    }

    /// Waits for other news than these, but not for long.
    pub(crate) fn wait(&self, news: u32, at_most: Duration) {
        let header = self.header();
        let Ok(at_most) = futex::Timespec::try_from(at_most) else { return };
        header.waiting.fetch_add(1, Ordering::Relaxed);
        // Whatever ends it, the caller looks again.
        let _ = futex::wait(&header.news, futex::Flags::empty(), news, Some(&at_most));
        header.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number in the list of the block that a position lies in.
    fn block_at(&self, position: usize) -> usize {
        let known = self.header().blocks.load(Ordering::Acquire).min(self.capacity);
        let blocks = &self.blocks()[..known];
        blocks
            .partition_point(|block| block.position.load(Ordering::Relaxed) <= position)
            .saturating_sub(1)
    }

    /// The share that starts at this position, within its block; `None` if nothing is granted there
    /// yet.
    pub(crate) fn next(
        &self,
        shares: &Shares<'_>,
        position: usize,
        at_least: usize,
    ) -> Option<Range<usize>> {
        let granted = self.granted();
        if position >= granted {
            return None;
        }
        let known = self.header().blocks.load(Ordering::Acquire).min(self.capacity);
        let behind = self.blocks()[..known].get(self.block_at(position) + 1);
        let end = behind.map_or(granted, |block| block.position.load(Ordering::Relaxed));
        Shares { len: end.min(granted), ..*shares }.next(position, at_least)
    }

    /// The indices at the positions of a share.
    pub(crate) fn indices(&self, share: Range<usize>) -> Range<usize> {
        let block = &self.blocks()[self.block_at(share.start)];
        let offset = share.start - block.position.load(Ordering::Relaxed);
        let start = block.start.load(Ordering::Relaxed) + offset;
        start..start + share.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::share::Borders;
    use crate::options::Splitting;

    fn shares(num_workers: usize) -> Shares<'static> {
        let (splitting, borders) = (Splitting::Guided, Borders::default());
        let (len, together, static_step, present) = (1000, 1, 1, None);
        Shares { splitting, len, num_workers, together, static_step, borders, present }
    }

    #[test]
    fn shares_lie_within_blocks_and_blocks_are_claimed_whole() {
        let grants = Grants::new(1000, Memory::Private).unwrap();
        assert_eq!(grants.next(&shares(2), 0, 1), None);
        assert!(grants.grant(500..520) && grants.grant(100..103));
        let (mut position, mut seen) = (0, Vec::new());
        while let Some(share) = grants.next(&shares(2), position, 1) {
            position = share.end;
            seen.extend(grants.indices(share));
        }
        assert_eq!(seen, (500..520).chain(100..103).collect::<Vec<_>>());
        assert!(!grants.is_over());
        assert!(grants.grant(103..104));
        assert_eq!(grants.next(&shares(2), position, 1), Some(23..24));
        assert_eq!(grants.indices(23..24), 103..104);
        grants.end();
        assert!(grants.is_over());
    }

    #[test]
    fn no_rank_gets_more_blocks_than_fit() {
        for len in [0, 1, 1000, MOST_GRANTED_BLOCKS, 1 << 40] {
            assert!(len / least_block(len) <= MOST_GRANTED_BLOCKS / 2 + 1);
        }
    }
}
