//! Zstandard (HDF5's registered filter 32015): frames as they are.

use std::io;

use super::wrong_size;

/// No frame is more than this many times smaller than what it holds: a block of 4 bytes holds at
/// most 128 KiB.
pub(super) const MOST_EXPANSION: usize = 32 << 10;

/// A decompressor, made when the first frame comes.
#[derive(Default)]
pub(super) struct Zstd(Option<::zstd::bulk::Decompressor<'static>>);

impl Zstd {
    /// Decompresses frames into all of `out`.
    pub(super) fn decompress(&mut self, stored: &[u8], out: &mut [u8]) -> Result<(), String> {
        let decompressor = match &mut self.0 {
            Some(decompressor) => decompressor,
            none => {
                let failed = |error| format!("zstd can't be begun with: {error}");
                none.insert(::zstd::bulk::Decompressor::new().map_err(failed)?)
            }
        };
        let failed = |error: io::Error| {
            format!("the zstd data of the chunk are damaged, or larger than it ({error})")
        };
        match decompressor.decompress_to_buffer(stored, &mut *out).map_err(failed)? {
            found if found == out.len() => Ok(()),
            found => Err(wrong_size(found, out.len())),
        }
    }
}
