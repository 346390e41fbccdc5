//! LZ4 (HDF5's registered filter 32004): blocks of the LZ4 block format behind a header.
//!
//! All numbers are big-endian: 8 bytes with the size of the data and 4 with that of a block; then
//! for each block 4 bytes with the number of bytes that follow, which are those of the block itself
//! where it could not be made smaller. (HDF Group, "LZ4 filter", `H5Zlz4.c` of its plugins.)

use super::bytes::HeaderBytes;
use super::{damaged, wrong_size};

/// No LZ4 block is more than this many times smaller than what it holds.
pub(super) const MOST_EXPANSION: usize = 255;

/// Decompresses a chunk of the filter.
pub(super) fn decode(stored: &[u8], out: &mut [u8]) -> Result<(), String> {
    let mut bytes = HeaderBytes::new(stored);
    let block = header(&mut bytes, out.len())?;
    if block == 0 && !out.is_empty() {
        return Err("the chunk says that its blocks have 0 bytes: the file is damaged".to_owned());
    }
    for out in out.chunks_mut(block.max(1)) {
        let len = bytes.length_be()?;
        let stored = bytes.take(len)?;
        if len == out.len() {
            out.copy_from_slice(stored);
        } else {
            decompress(stored, out)?;
        }
    }
    Ok(())
}

/// Reads the header of a chunk that has to hold `len` bytes, and returns the size of its blocks in
/// bytes.
pub(super) fn header(bytes: &mut HeaderBytes<'_>, len: usize) -> Result<usize, String> {
    let found = u64::from_be_bytes(bytes.array()?);
    if found != len as u64 {
        return Err(format!(
            "the chunk says that it has {found} bytes instead of {len}: the file is damaged"
        ));
    }
    bytes.length_be()
}

/// Decompresses a block of the LZ4 block format into all of `out`.
///
/// By the C library: a chunk's runs of zeros are where it is ten times as fast as what is written
/// in Rust.
pub(super) fn decompress(stored: &[u8], out: &mut [u8]) -> Result<(), String> {
    let len = i32::try_from(out.len()).ok().filter(|_| i32::try_from(stored.len()).is_ok());
    let Some(len) = len else {
        return Err("a block of the chunk has more bytes than LZ4 can have".to_owned());
    };
    match ::lz4::block::decompress_to_buffer(stored, Some(len), out) {
        Ok(found) if found == out.len() => Ok(()),
        Ok(found) => Err(wrong_size(found, out.len())),
        Err(_) => Err(damaged("LZ4")),
    }
}
