//! Deflate (HDF5's filter 1): zlib streams.

use libdeflater::{DecompressionError, Decompressor};

use super::wrong_size;

/// No zlib stream is more than this many times smaller than what it holds.
pub(super) const MOST_EXPANSION: usize = 1032;

/// Inflates all of a zlib stream, whose own checksum is checked.
pub(super) fn inflate(
    inflater: &mut Decompressor,
    stored: &[u8],
    out: &mut [u8],
) -> Result<(), String> {
    match inflater.zlib_decompress(stored, out) {
        Ok(found) if found == out.len() => Ok(()),
        Ok(found) => Err(wrong_size(found, out.len())),
        Err(DecompressionError::InsufficientSpace) => {
            Err(format!("the chunk has more than {} bytes: the file is damaged", out.len()))
        }
        Err(DecompressionError::BadData) => {
            Err("the compressed data of the chunk are damaged".to_owned())
        }
    }
}
