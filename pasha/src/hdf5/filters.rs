//! The filters of chunks, undone: inflate, unshuffle, check.
//!
//! They work on plain bytes and need no lock, so that all workers decompress at once.

use libdeflater::{DecompressionError, Decompressor};

/// One filter of HDF5's own that is undone here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    /// zlib streams.
    Deflate,
    /// The first bytes of all elements, then the second bytes, …; with the size of an element.
    Shuffle(usize),
    /// A checksum behind the data.
    Fletcher32,
}

/// The filters that the bytes of a chunk have passed, in the order of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pipeline(Vec<Filter>);

/// Bytes of a checksum.
const CHECKSUM: usize = 4;

/// No zlib stream is more than this many times smaller than what it holds.
const MOST_DEFLATED: usize = 1032;

impl Pipeline {
    /// The pipeline of filters, given by HDF5's numbers and parameters; `None` if libhdf5 has to undo them.
    pub(super) fn new(filters: &[(i32, Vec<u32>)]) -> Option<Pipeline> {
        let filters: Option<Vec<Filter>> = filters
            .iter()
            .map(|(id, parameters)| match id {
                1 => Some(Filter::Deflate),
                2 => Some(Filter::Shuffle(usize::try_from(*parameters.first()?).ok()?)),
                3 => Some(Filter::Fletcher32),
                _ => None,
            })
            .collect();
        let filters = filters?;
        // How much comes out of the first of two is not known.
        let deflated = filters.iter().filter(|&&filter| filter == Filter::Deflate).count();
        // The mask of filters that were left out has 32 bits.
        (deflated <= 1 && filters.len() <= 32).then_some(Pipeline(filters))
    }

    /// The filters that were applied to a chunk, in the order of writing.
    fn applied(&self, left_out: u32) -> impl DoubleEndedIterator<Item = Filter> {
        let number = move |at: usize| left_out & (1 << at) == 0;
        self.0.iter().enumerate().filter(move |&(at, _)| number(at)).map(|(_, &filter)| filter)
    }

    /// Whether the bytes of a chunk in the file are those in memory.
    pub(super) fn is_plain(&self, left_out: u32) -> bool {
        self.applied(left_out).next().is_none()
    }

    /// Checks that `stored` bytes in the file may be `plain` bytes in memory, before memory is
    /// taken for them.
    pub(super) fn check_size(
        &self,
        left_out: u32,
        stored: usize,
        plain: usize,
    ) -> Result<(), String> {
        let mut checksums = 0;
        let mut is_deflated = false;
        for filter in self.applied(left_out) {
            match filter {
                Filter::Deflate => is_deflated = true,
                Filter::Shuffle(_) => {}
                Filter::Fletcher32 => checksums += CHECKSUM,
            }
        }
        let is_possible = if is_deflated {
            stored.saturating_mul(MOST_DEFLATED) >= plain
        } else {
            stored == plain.saturating_add(checksums)
        };
        is_possible.then_some(()).ok_or_else(|| {
            format!("{stored} bytes in the file can't be the {plain} bytes of a chunk")
        })
    }
}

/// One worker's means to undo filters: buffers that are used again.
pub(super) struct Decoder {
    inflater: Decompressor,
    buffers: [Vec<u8>; 2],
}

impl Decoder {
    pub(super) fn new() -> Decoder {
        Decoder { inflater: Decompressor::new(), buffers: Default::default() }
    }

    /// Undoes the filters of `stored`, the bytes of a chunk in the file, into `out`, which has the size of a chunk.
    pub(super) fn decode(
        &mut self,
        pipeline: &Pipeline,
        left_out: u32,
        stored: &[u8],
        out: &mut [u8],
    ) -> Result<(), String> {
        // How many checksums were there when the data were deflated.
        let checksums_within = pipeline
            .applied(left_out)
            .take_while(|&filter| filter != Filter::Deflate)
            .filter(|&filter| filter == Filter::Fletcher32)
            .count();
        let Decoder { inflater, buffers: [input, output] } = self;
        let mut remaining = pipeline.applied(left_out).rev().peekable();
        // What is left to undo: these bytes of `stored`, and of `input` after the first step.
        let mut part = 0..stored.len();
        let mut is_stored = true;
        while let Some(filter) = remaining.next() {
            let current = if is_stored { &stored[part.clone()] } else { &input[part.clone()] };
            if filter == Filter::Fletcher32 {
                part.end = checked(current)?.len();
                continue;
            }
            let len = match filter {
                Filter::Deflate => out.len() + CHECKSUM * checksums_within,
                _ => current.len(),
            };
            let is_last = remaining.peek().is_none();
            if is_last && len != out.len() {
                return Err(wrong_size(len, out.len()));
            }
            let target = if is_last {
                &mut *out
            } else {
                output.resize(len, 0);
                &mut output[..]
            };
            match filter {
                Filter::Deflate => inflate(inflater, current, target)?,
                Filter::Shuffle(size) => unshuffle(size, current, target),
                Filter::Fletcher32 => {}
            }
            if is_last {
                return Ok(());
            }
            std::mem::swap(input, output);
            part = 0..len;
            is_stored = false;
        }
        let current = if is_stored { &stored[part] } else { &input[part] };
        if current.len() != out.len() {
            return Err(wrong_size(current.len(), out.len()));
        }
        out.copy_from_slice(current);
        Ok(())
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoder")
    }
}

fn wrong_size(found: usize, needed: usize) -> String {
    format!("the chunk has {found} bytes instead of {needed}: the file is damaged")
}

/// Inflates all of a zlib stream, whose own checksum is checked.
fn inflate(inflater: &mut Decompressor, stored: &[u8], out: &mut [u8]) -> Result<(), String> {
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

/// Puts the bytes of each element of `size` bytes together again; both sides are of one length.
fn unshuffle(size: usize, shuffled: &[u8], out: &mut [u8]) {
    match size {
        0 | 1 => out.copy_from_slice(shuffled),
        2 => unshuffle_elements::<2>(shuffled, out),
        4 => unshuffle_elements::<4>(shuffled, out),
        8 => unshuffle_elements::<8>(shuffled, out),
        _ => {
            let len = shuffled.len() / size;
            let whole = len * size;
            for (at, element) in out[..whole].chunks_exact_mut(size).enumerate() {
                for (byte, place) in element.iter_mut().enumerate() {
                    *place = shuffled[byte * len + at];
                }
            }
            out[whole..].copy_from_slice(&shuffled[whole..]);
        }
    }
}

fn unshuffle_elements<const SIZE: usize>(shuffled: &[u8], out: &mut [u8]) {
    let len = shuffled.len() / SIZE;
    let (elements, rest) = out.as_chunks_mut::<SIZE>();
    let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &shuffled[byte * len..][..len]);
    // As slices of the same length, so that the compiler sees that no index is beyond an end.
    let elements = &mut elements[..len];
    for at in 0..len {
        elements[at] = std::array::from_fn(|byte| planes[byte][at]);
    }
    rest.copy_from_slice(&shuffled[len * SIZE..]);
}

/// Takes off and checks HDF5's checksum.
fn checked(bytes: &[u8]) -> Result<&[u8], String> {
    let Some((data, stored)) = bytes.split_last_chunk::<CHECKSUM>() else {
        return Err("the chunk is shorter than its checksum: the file is damaged".to_owned());
    };
    let stored = u32::from_le_bytes(*stored);
    let sum = fletcher32(data);
    // Versions of HDF5 before 1.6.3 wrote the bytes of both halves swapped on some machines.
    let [a, b, c, d] = sum.to_le_bytes();
    if sum == stored || u32::from_le_bytes([b, a, d, c]) == stored {
        return Ok(data);
    }
    Err(format!(
        "the chunk's checksum is {sum:#010x}, but {stored:#010x} was written: the file is damaged"
    ))
}

/// HDF5's variant of Fletcher's checksum: words are big-endian, and an odd byte is the high one of a word.
fn fletcher32(data: &[u8]) -> u32 {
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let (mut first, mut second) = (0_u32, 0_u32);
    let (words, odd) = data.as_chunks::<2>();
    // So many words can be added before the sums overflow.
    for block in words.chunks(360) {
        for &word in block {
            first += u32::from(u16::from_be_bytes(word));
            second += first;
        }
        first = fold(first);
        second = fold(second);
    }
    if let [byte] = odd {
        first += u32::from(*byte) << 8;
        second += first;
        first = fold(first);
        second = fold(second);
    }
    fold(second) << 16 | fold(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shuffle(size: usize, data: &[u8]) -> Vec<u8> {
        let len = data.len() / size;
        let mut out = Vec::new();
        for byte in 0..size {
            out.extend((0..len).map(|at| data[at * size + byte]));
        }
        out.extend(&data[len * size..]);
        out
    }

    #[test]
    fn shuffled_bytes_come_back() {
        let data: Vec<u8> = (0..=100).collect();
        for size in [1, 2, 3, 4, 7, 8, 16] {
            let mut out = vec![0; data.len()];
            unshuffle(size, &shuffle(size, &data), &mut out);
            assert_eq!(out, data, "elements of {size} bytes");
        }
    }

    #[test]
    fn several_filters_are_undone_in_order() {
        // Shuffle, checksum, deflate, checksum: the first checksum is within the zlib stream.
        let filters = [(2, vec![4]), (3, vec![]), (1, vec![4]), (3, vec![])];
        let pipeline = Pipeline::new(&filters).unwrap();
        let plain: Vec<u8> = (0..240).collect();
        let sum = |mut data: Vec<u8>| {
            data.extend(fletcher32(&data).to_le_bytes());
            data
        };
        let inner = sum(shuffle(4, &plain));
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut stream = vec![0; compressor.zlib_compress_bound(inner.len())];
        let len = compressor.zlib_compress(&inner, &mut stream).unwrap();
        stream.truncate(len);
        let stored = sum(stream.clone());
        let mut out = vec![0; plain.len()];
        let mut decoder = Decoder::new();
        decoder.decode(&pipeline, 0, &stored, &mut out).unwrap();
        assert_eq!(out, plain);
        // Without the outer checksum, and without the shuffle.
        decoder.decode(&pipeline, 0b1000, &stream, &mut out).unwrap();
        assert_eq!(out, plain);
        decoder.decode(&pipeline, 0b1110, &shuffle(4, &plain), &mut out).unwrap();
        assert_eq!(out, plain);
        decoder.decode(&pipeline, 0b1111, &plain, &mut out).unwrap();
        assert_eq!(out, plain);
        // Damage of any bit is told.
        for bit in 0..8 * stored.len() {
            let mut damaged = stored.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decoder.decode(&pipeline, 0, &damaged, &mut out).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn what_is_not_understood_is_left_to_libhdf5() {
        assert_eq!(Pipeline::new(&[(4, vec![])]), None);
        assert_eq!(Pipeline::new(&[(1, vec![]), (1, vec![])]), None);
        assert!(Pipeline::new(&[]).unwrap().is_plain(0));
    }

    #[test]
    fn impossible_sizes_are_told() {
        let deflate = Pipeline::new(&[(1, vec![4])]).unwrap();
        assert!(deflate.check_size(0, 10, 10_000).is_ok());
        assert!(deflate.check_size(0, 10, 20_000).is_err());
        assert!(deflate.check_size(1, 10, 11).is_err());
    }
}
