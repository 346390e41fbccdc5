//! Bitshuffle (HDF5's registered filter 32008): the first bits of the elements of a block, then the
//! second bits, …, alone or compressed with LZ4 or zstd.
//!
//! Blocks have a multiple of 8 elements, as does the last one, behind which up to 7 elements follow
//! as they are. Compressed chunks begin as those of [LZ4](super::lz4) do, and each block with its
//! length in the file; the others have no header. (K. Masui et al., Astronomy and Computing 12, 181
//! (2015); `bshuf_h5filter.c` of github.com/kiyo-masui/bitshuffle.)

#[cfg(target_arch = "x86_64")]
mod avx2;
mod tile;
mod transpose;

use super::bytes::HeaderBytes;
use super::lz4;
use super::zstd::Zstd;
use crate::memory::buffer::resize;

pub(super) use transpose::Transposer;

/// Blocks have a multiple of this many elements.
const MULTIPLE: usize = 8;

/// How blocks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockCodec {
    Stored,
    Lz4,
    Zstd,
}

/// What a data set says of its filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bitshuffle {
    /// Bytes of an element, not 0.
    element: usize,
    /// Elements of a block, where the chunk does not say it itself; not 0.
    block: usize,
    pub(super) codec: BlockCodec,
}

impl Bitshuffle {
    /// The filter, given its parameters; `None` if they are of another version.
    pub(super) fn new(parameters: &[u32]) -> Option<Bitshuffle> {
        // Two numbers of the version, the size of an element and of a block, the compression.
        let element = usize::try_from(*parameters.get(2)?).ok().filter(|&size| size > 0)?;
        let block = match parameters.get(3).copied().unwrap_or(0) {
            0 => default_block(element),
            block => usize::try_from(block).ok().filter(|block| block % MULTIPLE == 0)?,
        };
        let codec = match parameters.get(4).copied().unwrap_or(0) {
            0 => BlockCodec::Stored,
            2 => BlockCodec::Lz4,
            3 => BlockCodec::Zstd,
            _ => return None,
        };
        Some(Bitshuffle { element, block, codec })
    }

    /// Undoes the filter; `out` has as many bytes as went into it.
    pub(super) fn decode(
        self,
        stored: &[u8],
        out: &mut [u8],
        zstd: &mut Zstd,
        transposer: &mut Transposer,
        block_buffer: &mut Vec<u8>,
    ) -> Result<(), String> {
        let Bitshuffle { element, mut block, codec } = self;
        let mut bytes = HeaderBytes::new(stored);
        if codec != BlockCodec::Stored {
            let size = lz4::header(&mut bytes, out.len())?;
            block = match size / element {
                0 => default_block(element),
                block if block % MULTIPLE == 0 => block,
                _ => {
                    return Err(format!(
                        "the chunk has blocks of {size} bytes, but elements of {element}: the file is damaged"
                    ));
                }
            };
        }
        let blocked = out.len() - out.len() % (MULTIPLE * element);
        let (blocks, rest) = out.split_at_mut(blocked);
        for out in blocks.chunks_mut(block.saturating_mul(element)) {
            let bits = match codec {
                BlockCodec::Stored => bytes.take(out.len())?,
                BlockCodec::Lz4 | BlockCodec::Zstd => {
                    let len = bytes.length_be()?;
                    let stored = bytes.take(len)?;
                    resize(block_buffer, out.len())?;
                    match codec {
                        BlockCodec::Zstd => zstd.decompress(stored, block_buffer)?,
                        _ => lz4::decompress(stored, block_buffer)?,
                    }
                    &block_buffer[..]
                }
            };
            transposer.elements(element, bits, out)?;
        }
        rest.copy_from_slice(bytes.take(rest.len())?);
        Ok(())
    }
}

/// Elements of a block where nobody said how many: 8 KiB, at least 128.
fn default_block(element: usize) -> usize {
    (8192 / element / MULTIPLE * MULTIPLE).max(128)
}
