//! Reading a data set's own elements in bands: all that lies at the next few indices of the mapped
//! axis.
//!
//! A band is as long as a chunk. A reader keeps the one that its items are in, so that each chunk
//! is decompressed once, and memory does not grow with the data set.

use std::ops::{ControlFlow, Range};

use super::chunk_bytes::ChunkBytes;
use super::element::Hdf5Element;
use super::external::OpenRawFiles;
use super::file::explain;
use super::filters::Decoder;
use super::library::OpenDataset;
use super::misfit::Misfit;
use super::region::{MAX_RANK, Offset, coordinates, runs};
use super::stored::{Chunks, Storage, Stored};
use crate::error::SourceError;
use crate::memory::buffer::resize;
use crate::memory::own_pages::Buffer;

/// One worker's reader of bands.
#[derive(Debug)]
pub(super) struct BandReader<'f, A> {
    stored: &'f Stored,
    axis: usize,
    /// How long a band is along the axis.
    together: usize,
    /// What is read next; without chunks, nothing else of a band is.
    share: Range<usize>,
    /// The indices of the axis that `elements` holds.
    range: Range<usize>,
    /// A band `(…, range.len(), …)` in C order.
    elements: Buffer<A>,
    access: ElementAccess<'f>,
}

/// How a worker gets at the elements.
#[derive(Debug)]
enum ElementAccess<'f> {
    /// In the mapped file.
    Mapped(&'f [u8]),
    /// In external raw files.
    Raw { files: OpenRawFiles<'f>, plain: Vec<u8> },
    /// As chunks, whose bytes come from `file` or, where there is no index, from libhdf5.
    Chunks { chunks: &'f Chunks, bytes: ChunkBytes, decoder: Box<Decoder>, plain: Vec<u8> },
    /// Through libhdf5.
    Library { dataset: OpenDataset, plain: Vec<u8> },
}

impl<'f, A: Hdf5Element> BandReader<'f, A> {
    /// Opens what a worker needs.
    pub(super) fn new(stored: &'f Stored, axis: usize) -> Result<Self, SourceError> {
        let access = match &stored.storage {
            Storage::Assembled(_) => return Err("it is read piece by piece".into()),
            Storage::Contiguous { map, part } => {
                stored.check_mapped()?;
                ElementAccess::Mapped(&map[part.clone()])
            }
            Storage::External(files) => {
                let files = files.open().map_err(|reason| stored.describe_failure(&reason))?;
                ElementAccess::Raw { files, plain: Vec::new() }
            }
            Storage::Chunked(chunks) => {
                let bytes = ChunkBytes::open(stored, chunks)?;
                let decoder = Box::new(Decoder::new());
                ElementAccess::Chunks { chunks, bytes, decoder, plain: Vec::new() }
            }
            Storage::Library { .. } => {
                ElementAccess::Library { dataset: stored.open_dataset()?, plain: Vec::new() }
            }
        };
        let (together, share, elements) = (stored.together(axis), 0..usize::MAX, Buffer::new());
        Ok(BandReader { stored, axis, together, share, range: 0..0, elements, access })
    }

    /// Says which indices of the axis are read next.
    pub(super) fn begin(&mut self, share: Range<usize>) {
        self.share = share;
    }

    /// The band that an index of the axis is in, and which indices it holds.
    pub(super) fn band(&mut self, index: usize) -> Result<(&[A], Range<usize>), SourceError> {
        if !self.range.contains(&index) {
            let start = index - index % self.together;
            let len = self.stored.shape[self.axis];
            let mut band = start..start.saturating_add(self.together).min(len);
            if self.share.contains(&index) && self.stored.chunk_along(self.axis).is_none() {
                band = band.start.max(self.share.start)..band.end.min(self.share.end);
            }
            let one = index..index + 1;
            if band == one {
                self.read(one)?;
            } else if self.read(band).is_err() {
                // What is wrong may be of another index: those without fault are still to be had.
                self.read(one)?;
            }
        }
        Ok((&self.elements, self.range.clone()))
    }

    /// What of these indices lies in the band of the first of them, and which those are.
    pub(super) fn part(
        &mut self,
        indices: Range<usize>,
    ) -> Result<(&[A], Range<usize>), SourceError> {
        let start = indices.start;
        let band_end = (start - start % self.together).saturating_add(self.together);
        let part = start..indices.end.min(band_end);
        if self.range != part {
            self.read(part.clone())?;
        }
        Ok((&self.elements, part))
    }

    /// Bytes of memory that the reader holds.
    pub(super) fn held_bytes(&self) -> usize {
        let others = match &self.access {
            ElementAccess::Chunks { bytes, plain, .. } => bytes.held_bytes() + plain.capacity(),
            ElementAccess::Library { plain, .. } | ElementAccess::Raw { plain, .. } => {
                plain.capacity()
            }
            ElementAccess::Mapped(_) => 0,
        };
        self.elements.held_bytes() + others
    }

    /// Reads a band, or a part of one.
    fn read(&mut self, range: Range<usize>) -> Result<(), SourceError> {
        // Nothing is held if this fails.
        self.range = 0..0;
        let mut shape = coordinates(&self.stored.shape);
        let shape = &mut shape[..self.stored.shape.len()];
        shape[self.axis] = range.len();
        self.elements
            .resize(shape.iter().product())
            .map_err(|reason| self.stored.describe_failure(&reason))?;
        let band = Band { stored: self.stored, axis: self.axis, start: range.start, shape };
        let read = match &mut self.access {
            ElementAccess::Mapped(bytes) => band.convert(bytes, &mut self.elements),
            ElementAccess::Raw { files, plain } => band.read_raw(files, plain, &mut self.elements),
            ElementAccess::Chunks { chunks, bytes, decoder, plain } => {
                band.read_chunks(chunks, bytes, decoder, plain, &mut self.elements)
            }
            ElementAccess::Library { dataset, plain } => {
                band.ask(dataset, plain, &mut self.elements)
            }
        };
        read.map_err(|reason| self.stored.describe_failure(&reason))?;
        self.range = range;
        Ok(())
    }
}

/// The band that is being read.
struct Band<'a> {
    stored: &'a Stored,
    axis: usize,
    /// The first index of the axis.
    start: usize,
    shape: &'a [usize],
}

impl Band<'_> {
    /// Where the band starts in the data set.
    fn origin(&self) -> [usize; MAX_RANK] {
        let mut origin = [0; MAX_RANK];
        origin[self.axis] = self.start;
        origin
    }

    /// Converts the part of stored bytes of the whole data set that is in the band.
    fn convert<A: Hdf5Element>(&self, bytes: &[u8], out: &mut [A]) -> Result<(), String> {
        let rank = self.shape.len();
        let origin = self.origin();
        let from = Offset { shape: &self.stored.shape, start: &origin[..rank] };
        let to = Offset { shape: self.shape, start: &[0; MAX_RANK][..rank] };
        self.copy(self.shape, from, to, bytes, out)
    }

    /// Reads the band from external raw files.
    fn read_raw<A: Hdf5Element>(
        &self,
        files: &mut OpenRawFiles<'_>,
        plain: &mut Vec<u8>,
        out: &mut [A],
    ) -> Result<(), String> {
        let kind = &self.stored.kind;
        let (rank, size) = (self.shape.len(), kind.number.size());
        let origin = self.origin();
        let from = Offset { shape: &self.stored.shape, start: &origin[..rank] };
        let to = Offset { shape: self.shape, start: &[0; MAX_RANK][..rank] };
        let is_native = kind.is_native::<A>();
        let read = runs(self.shape, from, to, |from, to, len| {
            let first = from as u64 * size as u64;
            let out = &mut out[to..][..len];
            // They are read to where they belong, or converted on the way.
            let read = match A::bytes_mut(out).filter(|_| is_native) {
                Some(bytes) => files.read(first, bytes),
                None => resize(plain, len * size).and_then(|()| {
                    files.read(first, plain)?;
                    A::decode(kind, plain, out).map_err(|misfit| self.tell::<A>(to, misfit))
                }),
            };
            match read {
                Ok(()) => ControlFlow::Continue(()),
                Err(reason) => ControlFlow::Break(reason),
            }
        });
        match read {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(reason) => Err(reason),
        }
    }

    /// Reads the band through libhdf5.
    fn ask<A: Hdf5Element>(
        &self,
        dataset: &OpenDataset,
        plain: &mut Vec<u8>,
        out: &mut [A],
    ) -> Result<(), String> {
        let rank = self.shape.len();
        resize(plain, size_of_val(out))?;
        dataset.read(&self.origin()[..rank], self.shape, plain).map_err(|error| explain(&error))?;
        let place = Offset { shape: self.shape, start: &[0; MAX_RANK][..rank] };
        self.copy(self.shape, place, place, plain, out)
    }

    /// Converts a box of stored bytes to where it lies in the band.
    fn copy<A: Hdf5Element>(
        &self,
        extent: &[usize],
        from: Offset<'_>,
        to: Offset<'_>,
        bytes: &[u8],
        out: &mut [A],
    ) -> Result<(), String> {
        let kind = &self.stored.kind;
        let size = kind.number.size();
        let copied = runs(extent, from, to, |from, to, len| {
            let bytes = &bytes[from * size..][..len * size];
            match A::decode(kind, bytes, &mut out[to..][..len]) {
                Ok(()) => ControlFlow::Continue(()),
                Err(misfit) => ControlFlow::Break(self.tell::<A>(to, misfit)),
            }
        });
        match copied {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(reason) => Err(reason),
        }
    }

    /// Says which value does not fit, in a run that starts at this element of the band.
    fn tell<A: Hdf5Element>(&self, run: usize, misfit: Misfit) -> String {
        let mut rest = run + misfit.at;
        let mut at = vec![0; self.shape.len()];
        for (at, &len) in at.iter_mut().zip(self.shape).rev() {
            *at = rest % len;
            rest /= len;
        }
        at[self.axis] += self.start;
        misfit.tell("value", &format!(" at {at:?}"), A::name(), self.stored.kind.number)
    }

    /// Reads and decompresses all chunks of the band.
    fn read_chunks<A: Hdf5Element>(
        &self,
        chunks: &Chunks,
        bytes: &mut ChunkBytes,
        decoder: &mut Decoder,
        plain: &mut Vec<u8>,
        out: &mut [A],
    ) -> Result<(), String> {
        if self.shape.contains(&0) {
            return Ok(());
        }
        let rank = self.shape.len();
        let mut start = self.origin();
        start[self.axis] -= start[self.axis] % chunks.shape[self.axis];
        let start = &mut start[..rank];
        loop {
            self.read_chunk(chunks, start, bytes, decoder, plain, out)
                .map_err(|reason| format!("the chunk at {start:?}: {reason}"))?;
            // The next chunk of the band, along the last axis first.
            let shape = &self.stored.shape;
            let next = (0..rank)
                .rev()
                .find(|&axis| axis != self.axis && start[axis] + chunks.shape[axis] < shape[axis]);
            let Some(next) = next else { return Ok(()) };
            start[next] += chunks.shape[next];
            for axis in (next + 1..rank).filter(|&axis| axis != self.axis) {
                start[axis] = 0;
            }
        }
    }

    /// Reads and decompresses the chunk that starts here.
    fn read_chunk<A: Hdf5Element>(
        &self,
        chunks: &Chunks,
        start: &[usize],
        bytes: &mut ChunkBytes,
        decoder: &mut Decoder,
        plain: &mut Vec<u8>,
        out: &mut [A],
    ) -> Result<(), String> {
        let rank = self.shape.len();
        let kind = &self.stored.kind;
        // The part of the chunk that is in the band, where it starts in the chunk, and in the band.
        let (mut extent, mut within) = ([0; MAX_RANK], [0; MAX_RANK]);
        let mut place = coordinates(start);
        for axis in 0..rank {
            extent[axis] = chunks.shape[axis].min(self.stored.shape[axis] - start[axis]);
        }
        within[self.axis] = self.start - start[self.axis];
        extent[self.axis] = self.shape[self.axis];
        place[self.axis] = 0;
        let extent = &extent[..rank];
        let from = Offset { shape: &chunks.shape, start: &within[..rank] };
        let to = Offset { shape: self.shape, start: &place[..rank] };
        let len = chunks.shape.iter().try_fold(kind.number.size(), |a, &b| a.checked_mul(b));
        let len = len.ok_or("it is larger than the memory")?;

        let found = bytes.find(self.stored, chunks, start)?;
        let Some(found) = found else { return self.fill(extent, from, to, &chunks.fill, out) };
        bytes.fetch(chunks, found, len)?;
        // A chunk that lies in the band as in the file is decompressed to where it belongs.
        let in_place = extent == chunks.shape
            && extent.iter().zip(self.shape).skip(1).all(|(a, b)| a == b)
            && kind.is_native::<A>();
        let mut whole = None;
        if in_place {
            let first = place[0] * self.shape[1..].iter().product::<usize>();
            let elements = len / kind.number.size();
            whole = A::bytes_mut(&mut out[first..][..elements]);
        }
        if let Some(target) = whole {
            return bytes.decode(chunks, found, decoder, target);
        }
        resize(plain, len)?;
        bytes.decode(chunks, found, decoder, plain)?;
        self.copy(extent, from, to, plain, out)
    }

    /// Fills in the part of a chunk that was never written.
    fn fill<A: Hdf5Element>(
        &self,
        extent: &[usize],
        from: Offset<'_>,
        to: Offset<'_>,
        value: &[u8],
        out: &mut [A],
    ) -> Result<(), String> {
        let kind = &self.stored.kind;
        let mut element = [A::zeroed()];
        A::decode(kind, value, &mut element)
            .map_err(|misfit| misfit.tell("fill value", "", A::name(), kind.number))?;
        let _ = runs::<()>(extent, from, to, |_, to, len| {
            out[to..][..len].fill(element[0]);
            ControlFlow::Continue(())
        });
        Ok(())
    }
}
