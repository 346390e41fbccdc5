//! Pieces of a data set that are pieces of others, and where they lie in both.

use std::ops::Range;

/// A box of the whole that is a box of a source.
#[derive(Debug)]
pub(super) struct Piece {
    /// Which source.
    pub(super) source: usize,
    /// Its place in the whole, along each axis of it.
    pub(super) spans: Vec<PieceExtent>,
    /// Where the box starts in the source, along each axis of that.
    pub(super) from: Vec<usize>,
}

/// Where a piece lies along an axis of the whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceExtent {
    pub(super) start: usize,
    pub(super) len: usize,
    /// The axis of the source that lies along it; none if the source has none, and `len` is 1.
    pub(super) axis: Option<usize>,
}

impl PieceExtent {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

impl Piece {
    /// Whether it covers all of the whole, of this shape, at each index of an axis where it is, and
    /// is all that its source, of that shape, has at the index of its own axis there.
    pub(super) fn is_whole(&self, axis: usize, shape: &[usize], source_shape: &[usize]) -> bool {
        let covers = |(at, span): (usize, &PieceExtent)| {
            at == axis || (span.start == 0 && span.len == shape[at])
        };
        let mut along = vec![1; source_shape.len()];
        for span in &self.spans {
            if let Some(axis) = span.axis {
                along[axis] = span.len;
            }
        }
        let own = self.spans[axis].axis;
        let is_all =
            |at: usize| Some(at) == own || (self.from[at] == 0 && along[at] == source_shape[at]);
        self.spans.iter().enumerate().all(covers) && (0..source_shape.len()).all(is_all)
    }
}
