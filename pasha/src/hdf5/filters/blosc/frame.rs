//! A contiguous frame of Blosc2: a header, chunks, and a chunk with the offsets of these.

use std::ops::ControlFlow;

use super::Blosc;
use super::chunk::{Chunk, fill, not_a_number};
use super::codec::Codecs;
use super::grid::Grid;
use crate::hdf5::filters::bytes::{HeaderBytes, length};
use crate::hdf5::filters::wrong_size;
use crate::hdf5::region::{Offset, runs};
use crate::memory::buffer::resize;

/// The fixed part of the header.
const FRAME_HEADER_BYTES: usize = 87;

/// Bytes of an offset.
const OFFSET: usize = 8;

/// A frame whose header has been checked.
#[derive(Debug)]
struct Frame<'a> {
    bytes: &'a [u8],
    /// Where the chunks begin and end.
    chunks: std::ops::Range<usize>,
    /// Bytes of all that it holds.
    len: usize,
    /// Bytes of each chunk but the last.
    chunk: usize,
    /// Bytes of an element.
    element: usize,
    /// How elements lie in blocks, if that is not one after another.
    grid: Option<Grid>,
}

/// One of its chunks.
enum Part<'a> {
    Chunk(Chunk<'a>),
    /// Nothing but this value.
    Repeated(Vec<u8>),
}

/// Bytes that `stored`, a frame, says it holds; not what is beyond the array, where blocks are
/// larger than it.
pub(in crate::hdf5::filters) fn claimed(stored: &[u8]) -> Result<usize, String> {
    let frame = Frame::new(stored)?;
    Ok(frame.grid.as_ref().map_or(Some(frame.len), |grid| grid.len(frame.element)).unwrap_or(0))
}

/// Decompresses a frame into all of `out`.
pub(in crate::hdf5::filters) fn decode(
    stored: &[u8],
    out: &mut [u8],
    blosc: &mut Blosc,
    codecs: &mut Codecs<'_>,
) -> Result<(), String> {
    let frame = Frame::new(stored)?;
    let Some(grid) = &frame.grid else {
        if frame.len != out.len() {
            return Err(wrong_size(frame.len, out.len()));
        }
        let offsets = frame.offsets(out.len().div_ceil(frame.chunk), blosc, codecs)?;
        for (offset, out) in offsets.iter().zip(out.chunks_mut(frame.chunk)) {
            match frame.part(*offset)? {
                Part::Repeated(value) => fill(out, &value, 0),
                Part::Chunk(chunk) if chunk.len() == out.len() => {
                    chunk.decode(out, &mut blosc.buffers, codecs)?;
                }
                Part::Chunk(chunk) => return Err(wrong_size(chunk.len(), out.len())),
            }
        }
        return Ok(());
    };
    match grid.len(frame.element) {
        Some(len) if len == out.len() => {}
        other => return Err(wrong_size(other.unwrap_or(usize::MAX), out.len())),
    }
    let offsets = frame.offsets(grid.num_chunks(), blosc, codecs)?;
    for (number, &offset) in offsets.iter().enumerate() {
        frame.put_chunk(grid, number, offset, out, blosc, codecs)?;
    }
    Ok(())
}

impl<'a> Frame<'a> {
    /// Reads the header of a frame.
    fn new(bytes: &'a [u8]) -> Result<Frame<'a>, String> {
        let mut header = HeaderBytes::new(bytes);
        // An array and a text of MessagePack, and so on before each number.
        let magic = &header.take(10)?[2..];
        if magic != b"b2frame\0" {
            return Err("the chunk is no frame of Blosc2: the file is damaged".to_owned());
        }
        let mut number = |skip: usize, size: usize| -> Result<usize, String> {
            header.take(skip)?;
            let bytes = header.take(size)?;
            let value = bytes.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
            length(if size == 8 { value as i64 } else { i64::from(value as u32 as i32) })
        };
        let header_len = number(1, 4)?;
        let _frame_len = number(1, 8)?;
        let flags = number(1, 4)?.to_be_bytes();
        let len = number(1, 8)?;
        let chunks_len = number(1, 8)?;
        let element = number(1, 4)?;
        let _block = number(1, 4)?;
        let chunk = number(1, 4)?;
        let [.., general, kind, _, _] = flags;
        if general & 0b1100_0000 != 0 || kind & 15 != 0 {
            return Err(
                "the frame of Blosc2 is in several files or has chunks of different lengths, which pasha does not read"
                    .to_owned(),
            );
        }
        let end = header_len.checked_add(chunks_len).filter(|&end| end <= bytes.len());
        let Some(end) = end.filter(|_| header_len >= FRAME_HEADER_BYTES) else {
            return Err(format!(
                "the frame of Blosc2 says that it has {header_len} and {chunks_len} bytes of {}: it is truncated or damaged",
                bytes.len()
            ));
        };
        if element == 0 || (chunk == 0 && len > 0) {
            return Err(format!(
                "the frame of Blosc2 has chunks of {chunk} bytes and elements of {element}: the file is damaged"
            ));
        }
        let grid = Grid::find(&bytes[..header_len])?;
        Ok(Frame { bytes, chunks: header_len..end, len, chunk: chunk.max(1), element, grid })
    }

    /// The offsets of all chunks, of which there are `count`.
    fn offsets(
        &self,
        count: usize,
        blosc: &mut Blosc,
        codecs: &mut Codecs<'_>,
    ) -> Result<Vec<i64>, String> {
        let index = Chunk::new(&self.bytes[self.chunks.end..])?;
        // Each chunk takes a byte of the frame, but for those that are not there.
        if count > self.bytes.len() || Some(index.len()) != count.checked_mul(OFFSET) {
            return Err(format!(
                "the frame of Blosc2 has {} bytes of offsets for {count} chunks: the file is damaged",
                index.len()
            ));
        }
        let mut bytes = Vec::new();
        resize(&mut bytes, index.len())?;
        index.decode(&mut bytes, &mut blosc.buffers, codecs)?;
        let (offsets, _) = bytes.as_chunks::<OFFSET>();
        Ok(offsets.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect())
    }

    /// The chunk at an offset.
    fn part(&self, offset: i64) -> Result<Part<'a>, String> {
        if let Ok(offset) = usize::try_from(offset) {
            let chunks = &self.bytes[self.chunks.clone()];
            return Chunk::new(chunks.get(offset..).unwrap_or(&[])).map(Part::Chunk);
        }
        // The highest byte says which value is repeated.
        Ok(Part::Repeated(match offset.to_be_bytes()[0] & 7 {
            1 | 4 => vec![0],
            2 => not_a_number(self.element)?,
            _ => {
                return Err(format!(
                    "the frame of Blosc2 has a chunk at {offset}: the file is damaged"
                ));
            }
        }))
    }

    /// Decompresses a chunk of a grid to where its blocks belong.
    fn put_chunk(
        &self,
        grid: &Grid,
        number: usize,
        offset: i64,
        out: &mut [u8],
        blosc: &mut Blosc,
        codecs: &mut Codecs<'_>,
    ) -> Result<(), String> {
        let element = self.element;
        let part = self.part(offset)?;
        let block_len = grid.block.iter().product::<usize>() * element;
        if let Part::Chunk(chunk) = &part
            && (chunk.block() != block_len
                || chunk.len() != grid.blocks_of_chunk().saturating_mul(block_len))
        {
            return Err(format!(
                "a chunk of Blosc2 has blocks of {} bytes instead of {block_len}: the file is damaged",
                chunk.block()
            ));
        }
        for number_of_block in 0..grid.blocks_of_chunk() {
            let Some(place) = grid.place(number, number_of_block) else { continue };
            let range = place.range(grid, element);
            let block = match (&part, range) {
                (Part::Chunk(chunk), Some(range)) => {
                    let out = &mut out[range];
                    chunk.decode_block(number_of_block, out, &mut blosc.buffers, codecs)?;
                    continue;
                }
                (Part::Repeated(value), Some(range)) => {
                    fill(&mut out[range], value, 0);
                    continue;
                }
                (Part::Chunk(chunk), None) => {
                    resize(&mut blosc.block, block_len)?;
                    let (block, buffers) = (&mut blosc.block, &mut blosc.buffers);
                    chunk.decode_block(number_of_block, block, buffers, codecs)?;
                    &*block
                }
                (Part::Repeated(value), None) => {
                    resize(&mut blosc.block, block_len)?;
                    fill(&mut blosc.block, value, 0);
                    &blosc.block
                }
            };
            let zero = vec![0; grid.shape.len()];
            let from = Offset { shape: &grid.block, start: &zero };
            let to = Offset { shape: &grid.shape, start: &place.start };
            let _ = runs::<()>(&place.extent, from, to, |from, to, len| {
                let block = &block[from * element..][..len * element];
                out[to * element..][..len * element].copy_from_slice(block);
                ControlFlow::Continue(())
            });
        }
        Ok(())
    }
}
