//! The codecs within a chunk of Blosc.

use libdeflater::Decompressor;

use super::blosclz;
use crate::hdf5::filters::zstd::Zstd;
use crate::hdf5::filters::{damaged, deflate, lz4, wrong_size};

/// How the streams of a chunk are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamCodec {
    BloscLz,
    /// LZ4 and LZ4HC, whose format is one.
    Lz4,
    Snappy,
    Zlib,
    Zstd,
}

impl StreamCodec {
    /// The codec that has this number in the flags of a chunk.
    pub(super) fn new(number: u8) -> Result<StreamCodec, String> {
        Ok(match number {
            0 => StreamCodec::BloscLz,
            1 => StreamCodec::Lz4,
            2 => StreamCodec::Snappy,
            3 => StreamCodec::Zlib,
            4 => StreamCodec::Zstd,
            other => {
                return Err(format!(
                    "the chunk has Blosc's codec {other}, which pasha does not read (it reads blosclz, lz4, lz4hc, snappy, zlib and zstd), or is damaged"
                ));
            }
        })
    }
}

/// One worker's decompressors.
pub(in crate::hdf5::filters) struct Codecs<'d> {
    pub(in crate::hdf5::filters) inflater: &'d mut Decompressor,
    pub(in crate::hdf5::filters) zstd: &'d mut Zstd,
}

impl Codecs<'_> {
    /// Decompresses a stream into all of `out`.
    pub(super) fn decompress(
        &mut self,
        codec: StreamCodec,
        stored: &[u8],
        out: &mut [u8],
    ) -> Result<(), String> {
        match codec {
            StreamCodec::BloscLz => blosclz::decompress(stored, out),
            StreamCodec::Lz4 => lz4::decompress(stored, out),
            StreamCodec::Zlib => deflate::inflate(self.inflater, stored, out),
            StreamCodec::Zstd => self.zstd.decompress(stored, out),
            StreamCodec::Snappy => {
                let found = snap::raw::Decoder::new().decompress(stored, out);
                match found.map_err(|_| damaged("Snappy"))? {
                    found if found == out.len() => Ok(()),
                    found => Err(wrong_size(found, out.len())),
                }
            }
        }
    }
}
