//! Several data sets that are seen as one: the files of a series, or the sources of a virtual data set.

use std::ops::Range;

use super::stored::Stored;

/// The data sets, and which of their parts lies where in the whole.
#[derive(Debug)]
pub(super) struct Assembly {
    pub(super) sources: Vec<Stored>,
    /// Where two cover an element, the later holds.
    pub(super) pieces: Vec<Piece>,
    /// The element of what no piece covers, as stored bytes of the whole's type.
    pub(super) fill: Vec<u8>,
}

/// A box of the whole that is a box of a source.
#[derive(Debug)]
pub(super) struct Piece {
    /// Which source.
    pub(super) source: usize,
    /// Its place in the whole, along each axis of it.
    pub(super) spans: Vec<Span>,
    /// Where the box starts in the source, along each axis of that.
    pub(super) from: Vec<usize>,
}

/// Where a piece lies along an axis of the whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) len: usize,
    /// The axis of the source that lies along it; none if the source has none, and `len` is 1.
    pub(super) axis: Option<usize>,
}

impl Span {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

impl Assembly {
    /// The length of the longest chunk of a source along an axis of the whole; 1 if there are no chunks.
    pub(super) fn chunk_along(&self, axis: usize) -> usize {
        let chunks = self.pieces.iter().filter_map(|piece| {
            let axis = piece.spans.get(axis)?.axis?;
            self.sources[piece.source].chunk_along(axis)
        });
        chunks.max().unwrap_or(1)
    }

    /// Whether a piece covers all of the whole at each index of an axis where it is, and is all that its source has at the
    /// index of its own axis there.
    pub(super) fn is_whole(&self, piece: &Piece, axis: usize, shape: &[usize]) -> bool {
        let covers =
            |(at, span): (usize, &Span)| at == axis || (span.start == 0 && span.len == shape[at]);
        let source = &self.sources[piece.source].shape;
        let mut along = vec![1; source.len()];
        for span in &piece.spans {
            if let Some(axis) = span.axis {
                along[axis] = span.len;
            }
        }
        let own = piece.spans[axis].axis;
        let is_all =
            |at: usize| Some(at) == own || (piece.from[at] == 0 && along[at] == source[at]);
        piece.spans.iter().enumerate().all(covers) && (0..source.len()).all(is_all)
    }
}
