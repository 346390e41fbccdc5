//! Into which blocks the items of a map are cut, and how many bytes their accumulators take.

use super::own;
use super::shape::Shape;
use crate::element::MOST_ALIGNED;
use crate::output::worker::{AccumulatorBytes, Reduction};

/// Bytes behind the copies at a place, for their checksum, where they are saved.
pub(super) const CHECKSUM: usize = MOST_ALIGNED;

/// The blocks of a map, and the bytes of copies of what is accumulated over one.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    pub(super) shape: Shape,
    /// Of what is merged, with room for a checksum behind.
    pub(super) size: usize,
    /// Of what is not, and goes on from block to block.
    pub(super) own: usize,
}

impl Blocks {
    /// The blocks of a map over so many items.
    pub(crate) fn new(
        reductions: &[Box<dyn Reduction + '_>],
        own: &[Box<dyn AccumulatorBytes + '_>],
        len: usize,
    ) -> Self {
        let bytes = reductions.iter().map(|reduction| reduction.bytes());
        let padded = bytes.clone().map(|bytes| bytes.next_multiple_of(MOST_ALIGNED));
        let own = own::size(own);
        let size = padded.sum::<usize>() + CHECKSUM;
        Blocks { shape: Shape::new(len, bytes.sum::<usize>() + own), size, own }
    }
}

/// The checksum of the copies of a node's accumulators, whose bytes have this checksum.
pub(super) fn checksum_of_node(number: usize, bytes: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(bytes);
    hasher.update(&(number as u64).to_le_bytes());
    hasher.finalize()
}
