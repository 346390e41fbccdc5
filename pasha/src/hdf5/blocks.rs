//! Blocks of a data set along one axis, for formats that are HDF5 inside.

use std::marker::PhantomData;
use std::path::Path;

use bytemuck::Pod;

use super::bands::BandReader;
use super::element::Hdf5Element;
use super::filters::sources;
use super::stored::{Storage, Stored};
use crate::error::{Result, SourceError};

/// A data set of elements `A` that are read, and decompressed, without libhdf5.
#[derive(Debug)]
pub(crate) struct DecompressedBlocks<A> {
    stored: Stored,
    element: PhantomData<fn() -> A>,
}

impl<A: Hdf5Element + Pod> DecompressedBlocks<A> {
    /// Opens and checks a data set; `None` if it has elements of another type, or only libhdf5 can
    /// read it.
    ///
    /// # Errors
    /// As [`Hdf5Dataset::open`](super::Hdf5Dataset::open).
    pub(crate) fn open(file: &Path, dataset: &str) -> Result<Option<DecompressedBlocks<A>>> {
        let stored = Stored::open::<A>(file, dataset)?;
        let needs_no_library = match &stored.storage {
            Storage::Contiguous { .. } => true,
            // Without an index libhdf5 finds the chunks; another library that stands on it would do
            // no better, or not at all.
            Storage::Chunked(chunks) => chunks.index.is_some() || chunks.needs_plugin,
            Storage::Assembled(_) | Storage::External(_) | Storage::Library { .. } => false,
        };
        let is_of_type = stored.kind.number == A::NUMBER && stored.kind.is_plain;
        let element = PhantomData;
        Ok((needs_no_library && is_of_type).then_some(DecompressedBlocks { stored, element }))
    }

    /// The shape of the whole data set.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.stored.shape
    }

    /// A reader, for one worker.
    pub(crate) fn reader(&self) -> DecompressedReader<'_, A> {
        DecompressedReader { stored: &self.stored, bands: None }
    }
}

/// One worker's reader of blocks.
#[derive(Debug)]
pub(crate) struct DecompressedReader<'f, A> {
    stored: &'f Stored,
    /// Opened when the first block says along which axis.
    bands: Option<(usize, BandReader<'f, A>)>,
}

impl<A: Hdf5Element + Pod> DecompressedReader<'_, A> {
    /// Reads the block of `count` elements from `start`, in C order; along all axes but one it must
    /// be whole.
    pub(crate) fn read(
        &mut self,
        start: &[usize],
        count: &[usize],
        into: &mut [u8],
    ) -> Result<(), SourceError> {
        let shape = &self.stored.shape;
        let is_part = |&axis: &usize| start[axis] != 0 || count[axis] != shape[axis];
        let mut parts = (0..shape.len()).filter(is_part);
        let axis = parts.next().unwrap_or(0);
        if parts.next().is_some() {
            return Err(format!("{count:?} from {start:?} is a part along several axes").into());
        }
        let bands = match &mut self.bands {
            Some((of_axis, bands)) if *of_axis == axis => bands,
            bands => &mut bands.insert((axis, BandReader::new(self.stored, axis)?)).1,
        };
        let inner = shape[axis + 1..].iter().product::<usize>() * size_of::<A>();
        let wanted = start[axis]..start[axis] + count[axis];
        let mut next = wanted.start;
        while next < wanted.end {
            let (elements, range) = bands.part(next..wanted.end)?;
            let place = (range.start - wanted.start) * inner..(range.end - wanted.start) * inner;
            let rows = into.chunks_exact_mut((wanted.len() * inner).max(1));
            let bytes: &[u8] = bytemuck::cast_slice(elements);
            for (into, bytes) in rows.zip(bytes.chunks_exact((range.len() * inner).max(1))) {
                into[place.clone()].copy_from_slice(bytes);
            }
            next = range.end;
        }
        Ok(())
    }
}

/// Says why libhdf5, and what stands on it, can't read a data set, if it has a filter without a
/// plugin.
pub(crate) fn missing_filter(file: &Path, dataset: &str) -> Option<String> {
    let dataset = hdf5_metno::File::open(file).and_then(|file| file.dataset(dataset)).ok()?;
    sources::missing(&dataset)
}
