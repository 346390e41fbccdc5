//! The bytes of a data set's chunks, as they lie in the file.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::file::explain;
use super::filters::Decoder;
use super::index::StoredChunk;
use super::library::OpenDataset;
use super::stored::{Chunks, Stored};
use crate::error::SourceError;
use crate::memory::buffer::resize;

/// Reads the bytes of chunks as they lie in the file.
#[derive(Debug)]
pub(super) struct ChunkBytes {
    file: File,
    size_of_file: u64,
    dataset: Option<OpenDataset>,
    bytes: Vec<u8>,
}

impl ChunkBytes {
    /// Opens the file, and the data set where only libhdf5 finds its chunks.
    pub(super) fn open(stored: &Stored, chunks: &Chunks) -> Result<Self, SourceError> {
        let file = stored.open_file()?;
        let size_of_file = file.metadata()?.len();
        let dataset = if chunks.index.is_none() { Some(stored.open_dataset()?) } else { None };
        Ok(ChunkBytes { file, size_of_file, dataset, bytes: Vec::new() })
    }

    /// Bytes of memory that are held.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Finds the chunk that starts here, and reads it if only libhdf5 can; `None` if it was never
    /// written.
    pub(super) fn find(
        &mut self,
        stored: &Stored,
        chunks: &Chunks,
        start: &[usize],
    ) -> Result<Option<StoredChunk>, String> {
        if let Some(index) = &chunks.index {
            return Ok(index.find(&stored.shape, &chunks.shape, start));
        }
        let Some(dataset) = &self.dataset else { return Err("libhdf5 is not open".to_owned()) };
        let read = dataset.read_chunk(start, self.size_of_file, &mut self.bytes);
        let left_out = read.map_err(|error| explain(&error))?;
        Ok(left_out.map(|left_out| StoredChunk { address: 0, size: self.bytes.len(), left_out }))
    }

    /// Reads the bytes of a chunk that was found, if they are not those in memory and are not read
    /// to where they belong; `len` is the number of bytes that the chunk has without filters.
    pub(super) fn fetch(
        &mut self,
        chunks: &Chunks,
        found: StoredChunk,
        len: usize,
    ) -> Result<(), String> {
        if self.is_direct(chunks, found, len) {
            return Ok(());
        }
        if chunks.index.is_some() {
            let StoredChunk { address, size, .. } = found;
            self.check_end(found)?;
            resize(&mut self.bytes, size)?;
            let read = self.file.read_exact_at(&mut self.bytes, address);
            read.map_err(|error| unreadable(found, &error))?;
        }
        chunks.pipeline.check_size(found.left_out, &self.bytes, len)
    }

    /// Undoes the filters of a chunk that was fetched.
    pub(super) fn decode(
        &mut self,
        chunks: &Chunks,
        found: StoredChunk,
        decoder: &mut Decoder,
        out: &mut [u8],
    ) -> Result<(), String> {
        if self.is_direct(chunks, found, out.len()) {
            self.check_end(found)?;
            let read = self.file.read_exact_at(out, found.address);
            return read.map_err(|error| unreadable(found, &error));
        }
        decoder.decode(&chunks.pipeline, found.left_out, &self.bytes, out)
    }

    /// Whether the bytes in the file are read to where they belong.
    fn is_direct(&self, chunks: &Chunks, found: StoredChunk, len: usize) -> bool {
        chunks.index.is_some() && chunks.pipeline.is_plain(found.left_out) && found.size == len
    }

    /// Checks that a chunk lies within the file.
    fn check_end(&self, found: StoredChunk) -> Result<(), String> {
        let StoredChunk { address, size, .. } = found;
        let end = address.checked_add(size as u64).filter(|&end| end <= self.size_of_file);
        end.map(drop).ok_or_else(|| {
            format!(
                "its {size} bytes begin at byte {address}, but the file ends at byte {}: it is truncated or damaged",
                self.size_of_file
            )
        })
    }
}

/// The error of bytes that the system does not read.
fn unreadable(found: StoredChunk, error: &std::io::Error) -> String {
    format!("{} bytes at byte {} can't be read: {error}", found.size, found.address)
}
