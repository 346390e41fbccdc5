//! Arrays with checksums, of which chunks are read whole.
//!
//! Where a part of a chunk is asked for, the `zarrs` crate skips the checksum behind it, which it
//! can't check then. So whole chunks are decoded here, and the part is taken of those.

use ndarray::{ArrayView, ArrayViewMut, IxDyn, Slice};
use serde_json::Value;
use zarrs::array::{ArrayBytes, ArraySubset, CodecOptions};
use zarrs::metadata::ArrayMetadata;

use super::files::{StoreArray, damaged_chunk};
use crate::error::SourceError;

/// The last part of the names that the checksum has.
const CHECKSUM: &str = "crc32c";

/// Whether there are checksums behind an array's elements. Those behind the index of a shard are
/// checked in any case.
pub(super) fn has_checksums(metadata: &ArrayMetadata) -> bool {
    let Ok(metadata) = serde_json::to_value(metadata) else { return false };
    let lists = [&metadata["codecs"], &metadata["filters"]];
    lists.into_iter().any(has_checksum) || is_checksum(&metadata["compressor"])
}

fn has_checksum(codecs: &Value) -> bool {
    codecs.as_array().is_some_and(|codecs| codecs.iter().any(is_checksum))
}

/// Whether a codec is a checksum, or has one within.
fn is_checksum(codec: &Value) -> bool {
    let name = codec["name"].as_str().or_else(|| codec["id"].as_str()).or_else(|| codec.as_str());
    name.is_some_and(|name| name.ends_with(CHECKSUM))
        || has_checksum(&codec["configuration"]["codecs"])
}

/// The chunk that was decoded last: blocks that follow one another may be parts of one.
#[derive(Debug, Default)]
pub(super) struct LastChunk(Option<(Vec<u64>, Vec<u8>)>);

impl LastChunk {
    /// Reads the elements of a subset, in C order.
    pub(super) fn read(
        &mut self,
        array: &StoreArray,
        options: &CodecOptions,
        subset: &ArraySubset,
        into: &mut [u8],
    ) -> Result<(), SourceError> {
        let size = array.data_type().fixed_size().ok_or("its elements have no fixed size")?;
        let mut into = ArrayViewMut::from_shape(shape(subset.shape(), size)?, into)?;
        let Some(chunks) = array.chunks_in_array_subset(subset)? else {
            return Err(format!("{subset} is no part of its chunks").into());
        };
        for indices in &chunks.indices() {
            let indices: &[u64] = indices.as_ref();
            let chunk = array.chunk_subset(indices)?;
            let bytes = self.decoded(array, options, indices)?;
            let bytes = ArrayView::from_shape(shape(chunk.shape(), size)?, bytes)?;
            let common = subset.overlap(&chunk)?;
            let part = |origin: &[u64], axis: usize| match common.shape().get(axis) {
                Some(&len) => {
                    let first = (common.start()[axis] - origin[axis]) as usize;
                    Slice::from(first..first + len as usize)
                }
                // The bytes of an element.
                None => Slice::from(..),
            };
            into.slice_each_axis_mut(|axis| part(subset.start(), axis.axis.index()))
                .assign(&bytes.slice_each_axis(|axis| part(chunk.start(), axis.axis.index())));
        }
        Ok(())
    }

    /// The elements of a chunk.
    fn decoded(
        &mut self,
        array: &StoreArray,
        options: &CodecOptions,
        indices: &[u64],
    ) -> Result<&[u8], SourceError> {
        if self.0.as_ref().is_none_or(|(last, _)| last != indices) {
            let bytes: ArrayBytes<'static> = array
                .retrieve_chunk_opt(indices, options)
                .map_err(|error| damaged_chunk(array, indices, &error))?;
            self.0 = Some((indices.to_vec(), bytes.into_fixed()?.into_owned()));
        }
        Ok(self.0.as_ref().map_or(&[], |(_, bytes)| bytes))
    }
}

/// The shape of elements of so many bytes.
fn shape(lengths: &[u64], size: usize) -> Result<IxDyn, SourceError> {
    let lengths = lengths.iter().map(|&len| usize::try_from(len));
    let mut shape = lengths.collect::<Result<Vec<usize>, _>>()?;
    shape.push(size);
    Ok(IxDyn(&shape))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checksums_of_elements_are_found_and_those_of_an_index_are_not() {
        let crc = json!({"name": "crc32c"});
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let shards = |inner: &[&Value]| {
            json!({"name": "sharding_indexed", "configuration": {
                "chunk_shape": [2], "codecs": inner, "index_codecs": [bytes, crc]
            }})
        };
        assert!(has_checksum(&json!([bytes, crc])));
        assert!(has_checksum(&json!([bytes, {"id": "numcodecs.crc32c"}])));
        assert!(has_checksum(&json!([shards(&[&bytes, &crc])])));
        assert!(!has_checksum(&json!([shards(&[&bytes])])));
        assert!(!has_checksum(&json!(null)));
    }
}
