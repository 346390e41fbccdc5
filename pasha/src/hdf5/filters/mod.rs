//! The filters of chunks, undone: what HDF5 brings, and what detectors and their programs write.
//!
//! They work on plain bytes and need no lock, no plugin and no libhdf5, so that all workers
//! decompress at once. What a data set's filters are is a [`Pipeline`]; a worker undoes them with a
//! [`Decoder`]. Filters that are not undone here are libhdf5's, with a plugin where it has them
//! from one ([`registry`] has their names).
//!
//! No decoder believes a chunk: each knows how many bytes have to come out, checks what the chunk
//! says of itself against that before it takes memory, and ends with the bytes or with an error.

mod bitshuffle;
mod blosc;
mod bytes;
mod decoder;
mod deflate;
mod fletcher32;
mod lz4;
mod lzf;
mod pipeline;
pub(super) mod registry;
mod repeat;
mod shuffle;
pub(super) mod sources;
mod zstd;

pub(super) use decoder::Decoder;
pub(super) use pipeline::Pipeline;

/// The error of a decoder that ends with another number of bytes.
fn wrong_size(found: usize, needed: usize) -> String {
    format!("the chunk has {found} bytes instead of {needed}: the file is damaged")
}

/// The error of compressed bytes that make no sense.
fn damaged(codec: &str) -> String {
    format!("the {codec} data of the chunk are damaged")
}
