//! The filters of Blosc itself, within a chunk.

use crate::hdf5::filters::bitshuffle::Transposer;
use crate::hdf5::filters::shuffle::unshuffle;
use crate::memory::buffer::resize;

/// The last version of the format that Blosc 1 wrote.
pub(super) const BLOSC_1: u8 = 2;

/// A filter that a chunk says it has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilterStep {
    /// Bytes shuffled, with the size of an element.
    Shuffle(usize),
    /// Bits shuffled, with the size of an element.
    Bitshuffle(usize),
    /// Each element exclusive-or one of the chunk's first block.
    Delta(usize),
}

/// Buffers of the size of a block.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// A block as its streams hold it.
    streams: Vec<u8>,
    /// Between two steps.
    between: Vec<u8>,
    /// The first block of a chunk, for [`FilterStep::Delta`].
    pub(super) first: Vec<u8>,
    transposer: Transposer,
}

impl Buffers {
    /// Undoes the steps of block number `block` of a chunk of this version; `fill` writes what its
    /// streams hold.
    pub(super) fn undo(
        &mut self,
        steps: &[FilterStep],
        version: u8,
        block: usize,
        out: &mut [u8],
        fill: impl FnOnce(&mut [u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        if steps.is_empty() {
            return fill(out);
        }
        resize(&mut self.streams, out.len())?;
        fill(&mut self.streams)?;
        for (number, &step) in steps.iter().enumerate().rev() {
            let is_last = number == 0;
            let target = if is_last {
                &mut *out
            } else {
                resize(&mut self.between, out.len())?;
                &mut self.between[..]
            };
            match step {
                FilterStep::Shuffle(size) => unshuffle(size, &self.streams, target),
                FilterStep::Bitshuffle(size) => {
                    unshuffle_bits(&mut self.transposer, version, size, &self.streams, target)?;
                }
                FilterStep::Delta(size) => {
                    target.copy_from_slice(&self.streams);
                    let first = (block > 0).then_some(&self.first[..]);
                    undo_delta(size, first, target);
                }
            }
            if !is_last {
                std::mem::swap(&mut self.streams, &mut self.between);
            }
        }
        if block == 0 && steps.iter().any(|step| matches!(step, FilterStep::Delta(_))) {
            self.first.clear();
            self.first.extend_from_slice(out);
        }
        Ok(())
    }
}

/// Puts bits together again, of a multiple of 8 elements: Blosc 1 left blocks of other numbers
/// alone, Blosc2 the elements beyond.
fn unshuffle_bits(
    transposer: &mut Transposer,
    version: u8,
    size: usize,
    bits: &[u8],
    out: &mut [u8],
) -> Result<(), String> {
    let elements = out.len() / size;
    let shuffled = if version <= BLOSC_1 && !elements.is_multiple_of(8) {
        0
    } else {
        (elements - elements % 8) * size
    };
    transposer.elements(size, &bits[..shuffled], &mut out[..shuffled])?;
    out[shuffled..].copy_from_slice(&bits[shuffled..]);
    Ok(())
}

/// Undoes the difference from the first block, or within it from the element before.
fn undo_delta(size: usize, first: Option<&[u8]>, out: &mut [u8]) {
    let size = match size {
        1 | 2 | 4 | 8 => size,
        _ if size.is_multiple_of(8) => 8,
        _ => 1,
    };
    let whole = out.len() - out.len() % size;
    match first {
        Some(first) => {
            for (byte, first) in out[..whole].iter_mut().zip(first) {
                *byte ^= first;
            }
        }
        None => {
            for at in size..whole {
                out[at] ^= out[at - size];
            }
        }
    }
}
