//! Blosc (HDF5's registered filter 32001: one chunk of the format of Blosc 1) and Blosc2 (32026: a
//! frame of such chunks).
//!
//! Both are read here and not by c-blosc: the formats are one, c-blosc2 has no crate that builds
//! beside the zstd of others, and this reads nothing but what it has checked. (README_CHUNK_FORMAT,
//! README_CFRAME_FORMAT and README_B2ND_METALAYER of github.com/Blosc/c-blosc2; `blosc_filter.c`
//! and `blosc2_filter.c` of github.com/PyTables/PyTables.)

mod blosclz;
mod chunk;
mod codec;
mod frame;
mod grid;
mod steps;

use chunk::Chunk;
pub(super) use codec::Codecs;
pub(super) use frame::{claimed as claimed_by_frame, decode as decode_frame};
use steps::Buffers;

use super::wrong_size;

/// One worker's means to read chunks of Blosc: buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Blosc {
    buffers: Buffers,
    /// A block that is to be put where it belongs.
    block: Vec<u8>,
}

/// Decompresses a chunk of Blosc 1.
pub(super) fn decode_chunk(
    stored: &[u8],
    out: &mut [u8],
    blosc: &mut Blosc,
    codecs: &mut Codecs<'_>,
) -> Result<(), String> {
    let chunk = Chunk::new(stored)?;
    if chunk.len() != out.len() {
        return Err(wrong_size(chunk.len(), out.len()));
    }
    chunk.decode(out, &mut blosc.buffers, codecs)
}

/// Bytes that `stored`, a chunk of Blosc 1, says it holds.
pub(super) fn claimed_by_chunk(stored: &[u8]) -> Result<usize, String> {
    Chunk::new(stored).map(|chunk| chunk.len())
}
