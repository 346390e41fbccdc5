//! Reading any data set: its own elements in bands, or those of the data sets that it is assembled
//! of, each by a reader of its own.

use std::ops::{ControlFlow, Range};

use super::bands::BandReader;
use super::element::Hdf5Element;
use super::file::MOST_OPEN_FILES;
use super::pieces::{Piece, PieceExtent};
use super::region::{BoxAxis, MAX_RANK, coordinates, strided_runs, strides};
use super::stored::{Assembly, Storage, Stored};
use crate::error::SourceError;
use crate::memory::own_pages::Buffer;

/// Bytes that the open sources of a worker may hold together, unless one item needs more.
const MOST_HELD_BYTES: usize = 64 << 20;

/// One worker's reader of elements, in bands along an axis.
#[derive(Debug)]
pub(super) enum BandElementReader<'f, A> {
    /// Of those that are the data set's own.
    Own(BandReader<'f, A>),
    /// Of those that are in other data sets.
    Assembled(AssemblyReader<'f, A>),
}

impl<'f, A: Hdf5Element> BandElementReader<'f, A> {
    /// Opens what a worker needs.
    pub(super) fn new(stored: &'f Stored, axis: usize) -> Result<Self, SourceError> {
        Ok(match &stored.storage {
            Storage::Assembled(assembly) => {
                BandElementReader::Assembled(AssemblyReader::new(stored, assembly, axis))
            }
            _ => BandElementReader::Own(BandReader::new(stored, axis)?),
        })
    }

    /// Says which indices of the axis are read next.
    pub(super) fn begin(&mut self, share: Range<usize>) {
        match self {
            BandElementReader::Own(bands) => bands.begin(share),
            // Sources lend whole bands, which may be cut where the pieces end.
            BandElementReader::Assembled(_) => {}
        }
    }

    /// The band that an index of the axis is in, and which indices it holds.
    pub(super) fn band(&mut self, index: usize) -> Result<(&[A], Range<usize>), SourceError> {
        match self {
            BandElementReader::Own(bands) => bands.band(index),
            BandElementReader::Assembled(assembly) => assembly.band(index),
        }
    }

    /// Bytes of memory that the reader holds.
    fn held_bytes(&self) -> usize {
        match self {
            BandElementReader::Own(bands) => bands.held_bytes(),
            // The sources of virtual data sets within others mind their own.
            BandElementReader::Assembled(_) => 0,
        }
    }
}

/// One worker's reader of an assembly, in bands along an axis.
#[derive(Debug)]
pub(super) struct AssemblyReader<'f, A> {
    stored: &'f Stored,
    assembly: &'f Assembly,
    axis: usize,
    /// The numbers of the pieces, by where they begin along the axis.
    order: Vec<usize>,
    /// How far the pieces in `order` up to each reach along the axis.
    reach: Vec<usize>,
    /// The pieces that are at the current index, by their numbers.
    here: Vec<usize>,
    open: Vec<OpenSource<'f, A>>,
    /// Counts what is read, to tell which source was not used for longest.
    clock: u64,
    /// What was lent last, if it was lent by a source.
    lent: Option<Lent>,
    /// What lies at one index, put together.
    elements: Buffer<A>,
}

/// A source that was lent from.
#[derive(Debug, Clone)]
struct Lent {
    /// The place in `open`.
    at: usize,
    /// The indices of the whole for which that holds.
    indices: Range<usize>,
    /// The index in the source of the first of them; none if all of the source is at one index.
    first: Option<usize>,
}

/// An open source.
#[derive(Debug)]
struct OpenSource<'f, A> {
    source: usize,
    axis: usize,
    used: u64,
    lender: Lender<'f, A>,
}

#[derive(Debug)]
enum Lender<'f, A> {
    /// The mapped file, whose source has this length along its first axis.
    Mapped(&'f [A], usize),
    Read(Box<BandElementReader<'f, A>>),
}

impl<A: Hdf5Element> Lender<'_, A> {
    /// All that is at some indices of the source's axis, and which they are.
    fn band(&mut self, index: usize) -> Result<(&[A], Range<usize>), SourceError> {
        match self {
            Lender::Mapped(all, len) => Ok((all, 0..*len)),
            Lender::Read(reader) => reader.band(index),
        }
    }

    fn held_bytes(&self) -> usize {
        match self {
            Lender::Mapped(..) => 0,
            Lender::Read(reader) => reader.held_bytes(),
        }
    }
}

impl<'f, A: Hdf5Element> AssemblyReader<'f, A> {
    fn new(stored: &'f Stored, assembly: &'f Assembly, axis: usize) -> Self {
        let start = |&piece: &usize| assembly.pieces[piece].spans[axis].start;
        let mut order: Vec<usize> = (0..assembly.pieces.len()).collect();
        order.sort_by_key(start);
        let ends = order.iter().map(|&piece| assembly.pieces[piece].spans[axis].range().end);
        let reach = ends
            .scan(0, |furthest, end| {
                *furthest = end.max(*furthest);
                Some(*furthest)
            })
            .collect();
        AssemblyReader {
            stored,
            assembly,
            axis,
            order,
            reach,
            here: Vec::new(),
            open: Vec::new(),
            clock: 0,
            lent: None,
            elements: Buffer::new(),
        }
    }

    /// The band that an index of the axis is in, and which indices it holds.
    fn band(&mut self, index: usize) -> Result<(&[A], Range<usize>), SourceError> {
        let is_lent = self.lent.as_ref().is_some_and(|lent| lent.indices.contains(&index));
        if !is_lent {
            self.look_up(index);
            self.lent = None;
            if !self.find_lender(index)? {
                self.put_together(index)?;
                self.close_unused();
                return Ok((&self.elements, index..index + 1));
            }
            self.close_unused();
        }
        self.lend(index)
    }

    /// Finds the pieces at an index.
    fn look_up(&mut self, index: usize) {
        self.clock += 1;
        self.here.clear();
        let span = |at: usize| self.assembly.pieces[self.order[at]].spans[self.axis];
        let mut at = self
            .order
            .partition_point(|&piece| self.assembly.pieces[piece].spans[self.axis].start <= index);
        while at > 0 && self.reach[at - 1] > index {
            at -= 1;
            if span(at).range().contains(&index) {
                self.here.push(self.order[at]);
            }
        }
        self.here.sort_unstable();
    }

    /// Finds the source that lends all that is at an index as it lies there, if one does.
    fn find_lender(&mut self, index: usize) -> Result<bool, SourceError> {
        let &[number] = &self.here[..] else { return Ok(false) };
        let assembly = self.assembly;
        let piece = &assembly.pieces[number];
        let source = &assembly.sources[piece.source].shape;
        if !piece.is_whole(self.axis, &self.stored.shape, source) {
            return Ok(false);
        }
        let span = piece.spans[self.axis];
        // Up to where the next piece begins.
        let next = self
            .order
            .partition_point(|&piece| assembly.pieces[piece].spans[self.axis].start <= index);
        let next = self.order.get(next).map(|&piece| assembly.pieces[piece].spans[self.axis].start);
        let end = span.range().end.min(next.unwrap_or(usize::MAX));
        let (axis, first) = match span.axis {
            Some(axis) => (axis, Some(piece.from[axis] + (index - span.start))),
            None => (0, None),
        };
        let at = self.open_source(piece.source, axis)?;
        let (_, range) = self.open[at].lender.band(first.unwrap_or(0))?;
        let (is_lendable, end) = match first {
            // Elements outside of the piece are cut off, which can be done where they lie before or
            // behind it.
            Some(first) => {
                let is_within = range.start >= first && range.end <= first + (end - index);
                (is_within || source[..axis].iter().product::<usize>() == 1, end)
            }
            None => (range == (0..source[0]), index + 1),
        };
        if is_lendable {
            self.lent = Some(Lent { at, indices: index..end, first });
        }
        Ok(is_lendable)
    }

    /// Lends from the source that was found.
    fn lend(&mut self, index: usize) -> Result<(&[A], Range<usize>), SourceError> {
        let Some(Lent { at, indices, first }) = self.lent.clone() else {
            return Err("no source lends this".into());
        };
        let OpenSource { source, axis, lender, .. } = &mut self.open[at];
        let Some(first) = first else { return Ok((lender.band(0)?.0, indices)) };
        let (elements, range) = lender.band(first + (index - indices.start))?;
        let within = range.start.max(first)..range.end.min(first + indices.len());
        let whole = indices.start + within.start - first..indices.start + within.end - first;
        if within == range {
            return Ok((elements, whole));
        }
        let inner: usize = self.assembly.sources[*source].shape[*axis + 1..].iter().product();
        let cut = (within.start - range.start) * inner..(within.end - range.start) * inner;
        Ok((&elements[cut], whole))
    }

    /// The place of a source in `open`, which it is put into if it is not there.
    fn open_source(&mut self, source: usize, axis: usize) -> Result<usize, SourceError> {
        let is_it = |open: &OpenSource<'_, A>| open.source == source && open.axis == axis;
        let at = match self.open.iter().position(is_it) {
            Some(at) => at,
            None => {
                let stored = &self.assembly.sources[source];
                let lender = match stored.view_checked::<A>()? {
                    Some(all) if axis == 0 => Lender::Mapped(all, stored.shape[0]),
                    _ => Lender::Read(Box::new(BandElementReader::new(stored, axis)?)),
                };
                self.open.push(OpenSource { source, axis, used: 0, lender });
                self.open.len() - 1
            }
        };
        self.open[at].used = self.clock;
        Ok(at)
    }

    /// Closes the sources that were not used for longest where there are too many, or they hold too
    /// much.
    fn close_unused(&mut self) {
        loop {
            let held: usize = self.open.iter().map(|open| open.lender.held_bytes()).sum();
            if self.open.len() <= MOST_OPEN_FILES && held <= MOST_HELD_BYTES {
                return;
            }
            let unused = self.open.iter().enumerate().filter(|(_, open)| open.used < self.clock);
            let Some((at, _)) = unused.min_by_key(|(_, open)| open.used) else { return };
            let last = self.open.len() - 1;
            self.open.swap_remove(at);
            if let Some(lent) = &mut self.lent
                && lent.at == last
            {
                lent.at = at;
            }
        }
    }

    /// Copies all that is at one index from the sources that have it.
    fn put_together(&mut self, index: usize) -> Result<(), SourceError> {
        let stored = self.stored;
        let (mut shape, rank) = (coordinates(&stored.shape), stored.shape.len());
        shape[self.axis] = 1;
        let shape = &shape[..rank];
        let described = |reason: String| SourceError::from(stored.describe_failure(&reason));
        self.elements.resize(shape.iter().product()).map_err(described)?;
        let covers_all = |&piece: &usize| {
            let spans = self.assembly.pieces[piece].spans.iter().enumerate();
            spans.into_iter().all(|(at, span)| at == self.axis || span.len == stored.shape[at])
        };
        if !self.here.iter().any(covers_all) {
            let kind = &stored.kind;
            let mut fill = [A::zeroed()];
            A::decode(kind, &self.assembly.fill, &mut fill).map_err(|misfit| {
                described(misfit.tell("fill value", "", A::name(), kind.number))
            })?;
            self.elements.fill(fill[0]);
        }
        let to_strides = strides(shape);
        let here = std::mem::take(&mut self.here);
        let copied = here.iter().try_for_each(|&piece| {
            let piece = &self.assembly.pieces[piece];
            self.copy_piece(piece, index, &to_strides[..rank])
        });
        self.here = here;
        copied
    }

    /// Copies what of a piece is at an index into `elements`, whose axes have these strides.
    fn copy_piece(
        &mut self,
        piece: &Piece,
        index: usize,
        to_strides: &[usize],
    ) -> Result<(), SourceError> {
        let span = piece.spans[self.axis];
        let axis = span.axis.unwrap_or(0);
        let at = self.open_source(piece.source, axis)?;
        let shape = &self.assembly.sources[piece.source].shape;
        // The axis of the whole along which the source's bands lie, if that is another than the one
        // that is read along.
        let along = match span.axis {
            Some(_) => None,
            None => (0..piece.spans.len()).find(|&at| piece.spans[at].axis == Some(axis)),
        };
        let first = piece.from[axis] + if span.axis.is_some() { index - span.start } else { 0 };
        let wanted = first..first + along.map_or(1, |along| piece.spans[along].len);
        let others = |at: &usize| *at != self.axis && Some(*at) != along;
        let to = |at: usize| piece.spans[at].start * to_strides[at];
        let to_first: usize = (0..to_strides.len()).filter(|&at| at != self.axis).map(to).sum();
        let mut next = wanted.start;
        while next < wanted.end {
            let (elements, range) = self.open[at].lender.band(next)?;
            let end = wanted.end.min(range.end);
            let mut band_shape = coordinates(shape);
            band_shape[axis] = range.len();
            let from_strides = strides(&band_shape[..shape.len()]);
            let mut axes = [BoxAxis { len: 1, from: 0, to: 0 }; MAX_RANK];
            for at in (0..to_strides.len()).filter(others) {
                let PieceExtent { len, axis, .. } = piece.spans[at];
                let from = axis.map_or(0, |axis| from_strides[axis]);
                axes[at] = BoxAxis { len, from, to: to_strides[at] };
            }
            let mut to = to_first;
            if let Some(along) = along {
                let (from, stride) = (from_strides[axis], to_strides[along]);
                axes[along] = BoxAxis { len: end - next, from, to: stride };
                to += (next - wanted.start) * stride;
            }
            let starts = piece.from.iter().enumerate().filter(|&(at, _)| at != axis);
            let from: usize = starts.map(|(at, &start)| start * from_strides[at]).sum();
            let from = from + (next - range.start) * from_strides[axis];
            let target = &mut self.elements;
            let _ = strided_runs::<()>(&axes[..to_strides.len()], from, to, |from, to, len| {
                target[to..][..len].copy_from_slice(&elements[from..][..len]);
                ControlFlow::Continue(())
            });
            next = end;
        }
        Ok(())
    }
}
