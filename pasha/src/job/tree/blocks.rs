//! Into which blocks the items of a map are cut, and how many bytes their accumulators take.

use super::own;
use super::shape::Shape;
use crate::element::MOST_ALIGNED;
use crate::output::worker::{AccumulatorBytes, Reduction};

/// The blocks of a map, and the bytes of copies of what is accumulated over one.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    pub(super) shape: Shape,
    /// Of what is merged.
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
        // At least something, so that there is a mapping also where nothing is merged.
        let size = padded.sum::<usize>().max(MOST_ALIGNED);
        Blocks { shape: Shape::new(len, bytes.sum::<usize>() + own), size, own }
    }
}
