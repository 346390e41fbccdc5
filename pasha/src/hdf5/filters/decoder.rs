//! Undoing all filters of a chunk.

use libdeflater::Decompressor;

use super::bitshuffle::Transposer;
use super::blosc::{self, Blosc, Codecs};
use super::pipeline::{Filter, Pipeline};
use super::zstd::Zstd;
use super::{deflate, fletcher32, lz4, lzf, shuffle, wrong_size};
use crate::memory::buffer::resize;

/// One worker's means to undo filters: decompressors and buffers that are used again.
pub(in crate::hdf5) struct Decoder {
    /// Between two filters.
    buffers: [Vec<u8>; 2],
    codecs: Means,
}

/// What single filters need.
struct Means {
    inflater: Decompressor,
    zstd: Zstd,
    transposer: Transposer,
    /// A decompressed block of bits.
    block: Vec<u8>,
    blosc: Blosc,
}

impl Decoder {
    pub(in crate::hdf5) fn new() -> Decoder {
        let codecs = Means {
            inflater: Decompressor::new(),
            zstd: Zstd::default(),
            transposer: Transposer::default(),
            block: Vec::new(),
            blosc: Blosc::default(),
        };
        Decoder { buffers: Default::default(), codecs }
    }

    /// Undoes the filters of `stored`, the bytes of a chunk in the file, into `out`, which has the
    /// size of a chunk.
    pub(in crate::hdf5) fn decode(
        &mut self,
        pipeline: &Pipeline,
        left_out: u32,
        stored: &[u8],
        out: &mut [u8],
    ) -> Result<(), String> {
        // How many checksums were there when the data were compressed.
        let checksums_within = pipeline
            .applied(left_out)
            .take_while(|filter| !filter.compresses())
            .filter(|&filter| filter == Filter::Fletcher32)
            .count();
        let Decoder { buffers: [input, output], codecs } = self;
        let mut remaining = pipeline.applied(left_out).rev().peekable();
        // What is left to undo: these bytes of `stored`, and of `input` after the first step.
        let mut part = 0..stored.len();
        let mut is_stored = true;
        while let Some(filter) = remaining.next() {
            let current = if is_stored { &stored[part.clone()] } else { &input[part.clone()] };
            if filter == Filter::Fletcher32 {
                part.end = part.start + fletcher32::checked(current)?.len();
                continue;
            }
            let len = if filter.compresses() {
                out.len() + fletcher32::SIZE * checksums_within
            } else {
                current.len()
            };
            let is_last = remaining.peek().is_none();
            if is_last && len != out.len() {
                return Err(wrong_size(len, out.len()));
            }
            let target = if is_last {
                &mut *out
            } else {
                resize(output, len)?;
                &mut output[..]
            };
            codecs.undo(filter, current, target)?;
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

impl Means {
    /// Undoes one filter; `out` has as many bytes as went into it.
    fn undo(&mut self, filter: Filter, stored: &[u8], out: &mut [u8]) -> Result<(), String> {
        let mut codecs = Codecs { inflater: &mut self.inflater, zstd: &mut self.zstd };
        match filter {
            Filter::Deflate => deflate::inflate(codecs.inflater, stored, out),
            Filter::Shuffle(size) => {
                shuffle::unshuffle(size, stored, out);
                Ok(())
            }
            // Taken off before.
            Filter::Fletcher32 => Ok(()),
            Filter::Lzf => lzf::decompress(stored, out),
            Filter::Lz4 => lz4::decode(stored, out),
            Filter::Zstd => codecs.zstd.decompress(stored, out),
            Filter::Blosc => blosc::decode_chunk(stored, out, &mut self.blosc, &mut codecs),
            Filter::Blosc2 => blosc::decode_frame(stored, out, &mut self.blosc, &mut codecs),
            Filter::Bitshuffle(bitshuffle) => {
                let Means { zstd, transposer, block, .. } = self;
                bitshuffle.decode(stored, out, zstd, transposer, block)
            }
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoder")
    }
}

#[cfg(test)]
mod tests {
    use super::fletcher32::fletcher32;
    use super::shuffle::shuffle;
    use super::*;

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
}
