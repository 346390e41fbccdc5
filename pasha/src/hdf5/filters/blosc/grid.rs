//! Arrays of several axes in a frame of Blosc2: elements lie in blocks, and blocks in chunks, that
//! are filled up at the edges of the array.

use std::ops::Range;

use crate::hdf5::filters::bytes::{HeaderBytes, length};

/// Where the names and places of what is said of a frame begin in its header.
const LAYERS: usize = 90;

/// The most axes that are read (`B2ND_MAX_DIM` is 8).
const MOST_AXES: usize = 16;

/// Lengths along each axis.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) shape: Vec<usize>,
    chunk: Vec<usize>,
    pub(super) block: Vec<usize>,
}

/// Where the part of a block that is within the array lies in it.
#[derive(Debug)]
pub(super) struct BlockPlace {
    pub(super) start: Vec<usize>,
    pub(super) extent: Vec<usize>,
}

impl Grid {
    /// Finds what a frame's header says of its axes, if it says something.
    pub(super) fn find(header: &[u8]) -> Result<Option<Grid>, String> {
        // The fixed part is followed by an array of the size of all that, of its names with their
        // places, and of itself.
        let layers = header.get(LAYERS..).filter(|layers| layers.len() >= 4);
        let Some(mut layers) = layers.map(HeaderBytes::new) else { return Ok(None) };
        let [.., map_mark] = layers.array::<2>()?;
        if map_mark != 0xde {
            return Ok(None);
        }
        let count = u16::from_be_bytes(layers.array()?);
        for _ in 0..count {
            let len = usize::from(layers.byte()? & 0x1f);
            let name = layers.take(len)?;
            let [_, place @ ..] = layers.array::<5>()?;
            if name == b"b2nd" || name == b"caterva" {
                let place = length(i32::from_be_bytes(place).into())?;
                return Grid::read(header.get(place..).unwrap_or(&[])).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads a description.
    fn read(layer: &[u8]) -> Result<Grid, String> {
        let mut bytes = HeaderBytes::new(layer);
        // The length of all, an array of 5 or 7 with the version, then the number of axes.
        let [.., axes] = bytes.array::<8>()?;
        let axes = usize::from(axes);
        if axes == 0 || axes > MOST_AXES {
            return Err(format!("the frame of Blosc2 has {axes} axes: the file is damaged"));
        }
        let mut lengths = |size: usize| -> Result<Vec<usize>, String> {
            bytes.byte()?;
            let one = |_| {
                bytes.byte()?;
                let value = bytes.take(size)?;
                let value = value.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
                length(value as i64)
            };
            (0..axes).map(one).collect()
        };
        let grid = Grid { shape: lengths(8)?, chunk: lengths(4)?, block: lengths(4)? };
        let Grid { shape, chunk, block } = &grid;
        let fits = |inner: &[usize], outer: &[usize]| {
            inner.iter().zip(outer).all(|(&inner, &outer)| inner > 0 && inner <= outer)
        };
        if fits(chunk, shape) && fits(block, chunk) {
            return Ok(grid);
        }
        Err(format!(
            "the frame of Blosc2 has blocks {block:?} in chunks {chunk:?} of {shape:?}: the file is damaged"
        ))
    }

    /// Bytes of the array; `None` if they are more than can be counted.
    pub(super) fn len(&self, element: usize) -> Option<usize> {
        self.shape.iter().try_fold(element, |len, &along| len.checked_mul(along))
    }

    /// How many chunks the array is in.
    pub(super) fn num_chunks(&self) -> usize {
        count(&self.shape, &self.chunk)
    }

    /// How many blocks each chunk has, also one at an edge.
    pub(super) fn blocks_of_chunk(&self) -> usize {
        count(&self.chunk, &self.block)
    }

    /// The place of a block, given the numbers of its chunk and, in that, its own; `None` if it
    /// lies beyond the array.
    pub(super) fn place(&self, chunk: usize, block: usize) -> Option<BlockPlace> {
        let axes = self.shape.len();
        let (mut start, mut extent) = (vec![0; axes], vec![0; axes]);
        let (mut chunk, mut block) = (chunk, block);
        for axis in (0..axes).rev() {
            let chunks = self.shape[axis].div_ceil(self.chunk[axis]);
            let blocks = self.chunk[axis].div_ceil(self.block[axis]);
            let chunk_start = chunk % chunks * self.chunk[axis];
            let within = block % blocks * self.block[axis];
            (chunk, block) = (chunk / chunks, block / blocks);
            start[axis] = chunk_start + within;
            let end = self.shape[axis].min(chunk_start + self.chunk[axis]);
            extent[axis] =
                self.block[axis].min(end.checked_sub(start[axis]).filter(|&len| len > 0)?);
        }
        Some(BlockPlace { start, extent })
    }
}

impl BlockPlace {
    /// The bytes of the array that are just those of the block, if there are such.
    pub(super) fn range(&self, grid: &Grid, element: usize) -> Option<Range<usize>> {
        let whole = self.extent.iter().zip(&grid.shape).rev().take_while(|(a, b)| a == b).count();
        // Of the axes before those that are whole, only the last may be longer than 1.
        let before = self.extent.len().saturating_sub(whole + 1);
        if self.extent != grid.block || self.extent[..before].iter().any(|&len| len > 1) {
            return None;
        }
        let along = grid.shape.iter().zip(&self.start);
        let first = along.fold(0, |first, (&len, &start)| first * len + start) * element;
        Some(first..first + self.extent.iter().product::<usize>() * element)
    }
}

/// How many parts an array is divided into.
fn count(shape: &[usize], part: &[usize]) -> usize {
    shape.iter().zip(part).map(|(&len, &part)| len.div_ceil(part)).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_their_places() {
        let grid = Grid { shape: vec![5, 6], chunk: vec![4, 6], block: vec![2, 4] };
        assert_eq!((grid.num_chunks(), grid.blocks_of_chunk()), (2, 4));
        let place =
            |chunk, block| grid.place(chunk, block).map(|place| (place.start, place.extent));
        assert_eq!(place(0, 3), Some((vec![2, 4], vec![2, 2])));
        assert_eq!(place(1, 0), Some((vec![4, 0], vec![1, 4])));
        assert_eq!(place(1, 2), None);
        let rows = Grid { shape: vec![5, 6], chunk: vec![5, 6], block: vec![2, 6] };
        assert_eq!(rows.place(0, 1).unwrap().range(&rows, 2), Some(24..48));
        assert_eq!(rows.place(0, 2).unwrap().range(&rows, 2), None);
    }
}
