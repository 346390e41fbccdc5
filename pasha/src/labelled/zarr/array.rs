//! Arrays as the `zarrs` crate opens and reads them.

use std::path::Path;

use zarrs::array::codec::api::BytesRepresentation;
use zarrs::array::{
    Array, ArrayBytes, ArrayCreateError, ArrayError, ArrayMetadata, ArrayShardedExt, ArraySubset,
    ArrayToBytesCodecTraits, CodecOptions,
};

use super::attributes::DIMS;
use super::element_type::refused_elements;
use super::files::{StoreArray, StoreFiles, damaged_chunk};
use super::folders::data_type_in_file;
use super::metadata::{LARGEST_CHUNK, check};
use super::whole_chunks::{LastChunk, has_checksums};
use crate::error::SourceError;
use crate::labelled::found::guarded;
use crate::labelled::variable::OpenVariable;

/// The library's name, for messages.
pub(super) const LIBRARY: &str = "zarrs";

/// An array with a store of its own. Its files are open only while they are read.
pub(super) struct OpenZarr {
    pub(super) array: StoreArray,
    /// Where there are checksums, by which chunks are read whole.
    checked: Option<LastChunk>,
}

impl OpenZarr {
    pub(super) fn new(array: StoreArray) -> Self {
        let checked = has_checksums(array.metadata()).then(LastChunk::default);
        if let Some(len) = stored_chunk_len(&array) {
            array.storage().expect(len);
        }
        OpenZarr { array, checked }
    }
}

impl OpenVariable for OpenZarr {
    fn read(
        &mut self,
        start: &[usize],
        count: &[usize],
        into: &mut [u8],
    ) -> Result<(), SourceError> {
        guarded(LIBRARY, || {
            let wide = |numbers: &[usize]| numbers.iter().map(|&number| number as u64).collect();
            let subset = ArraySubset::new_with_start_shape(wide(start), wide(count))?;
            // The map runs in parallel; a worker has one thread.
            let options =
                CodecOptions::default().with_concurrent_target(1).with_chunk_concurrent_minimum(1);
            if let Some(last) = &mut self.checked {
                return last.read(&self.array, &options, &subset, into);
            }
            let bytes: ArrayBytes<'static> = self
                .array
                .retrieve_array_subset_opt(&subset, &options)
                .map_err(|error| damaged(&self.array, &options, &subset, start, &error))?;
            let bytes = bytes.into_fixed()?;
            if bytes.len() != into.len() {
                let wrong = format!("a block has {} bytes instead of {}", bytes.len(), into.len());
                return Err(wrong.into());
            }
            into.copy_from_slice(&bytes);
            Ok(())
        })
    }
}

/// Says in which file a block could not be read.
fn damaged(
    array: &StoreArray,
    options: &CodecOptions,
    block: &ArraySubset,
    start: &[usize],
    error: &ArrayError,
) -> String {
    let chunks = array.chunks_in_array_subset(block).ok().flatten();
    for chunk in chunks.iter().flat_map(|chunks| chunks.indices().into_iter()) {
        let chunk: &[u64] = chunk.as_ref();
        if let Err(error) = array.retrieve_chunk_opt::<ArrayBytes<'static>>(chunk, options) {
            return damaged_chunk(array, chunk, &error);
        }
    }
    format!("{error}, at {start:?}: the store is damaged")
}

/// The bytes of each chunk's file, where all have as many: what is not compressed.
fn stored_chunk_len(array: &StoreArray) -> Option<u64> {
    if let ArrayMetadata::V3(metadata) = array.metadata()
        && metadata.chunk_grid.name() != "regular"
    {
        return None;
    }
    let shape = array.chunk_shape(&vec![0; array.shape().len()]).ok()?;
    let (element, fill) = (array.data_type(), array.fill_value());
    match array.codecs().encoded_representation(&shape, element, fill) {
        Ok(BytesRepresentation::FixedSize(len)) => Some(len),
        _ => None,
    }
}

/// Opens an array of the store in a folder; `variable` has no `/` at its ends.
pub(super) fn open(path: &Path, variable: &str) -> Result<StoreArray, String> {
    let folder = path.join(variable);
    check(&folder)?;
    Array::open(StoreFiles::new(path), &format!("/{variable}")).map_err(|error| {
        let data_type = data_type_in_file(&folder);
        // Format 2 has lists of fields where others have a type.
        match matches!(error, ArrayCreateError::DataTypeCreateError(_)) || data_type.is_array() {
            true => refused_elements(&data_type),
            false => format!("its metadata are damaged, or of a kind that is not read ({error})"),
        }
    })
}

pub(super) fn shape_of(array: &StoreArray) -> Result<Vec<usize>, SourceError> {
    let shape = array.shape().iter().map(|&len| usize::try_from(len));
    Ok(shape.collect::<Result<_, _>>()?)
}

/// The dimensions' names, which the two formats have in different places; those without one are
/// called `dim_0`, `dim_1`, … by their place.
pub(super) fn dims(array: &StoreArray) -> Result<Vec<String>, SourceError> {
    let ndim = array.shape().len();
    let names: Vec<Option<String>> = match array.dimension_names() {
        Some(names) => names.clone(),
        None => match array.attributes().get(DIMS) {
            Some(names) => {
                let names = names.as_array().ok_or_else(|| format!("its {DIMS} are {names}"))?;
                names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
            }
            None => vec![None; ndim],
        },
    };
    if names.len() != ndim {
        return Err(format!("it has {ndim} dimensions, but names for {}", names.len()).into());
    }
    let named = |(place, name): (usize, Option<String>)| {
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("dim_{place}"))
    };
    Ok(names.into_iter().enumerate().map(named).collect())
}

/// The shape of what is decompressed at once: of a shard the chunks in it.
pub(super) fn chunk_shape(array: &StoreArray) -> Result<Option<Vec<usize>>, SourceError> {
    if array.shape().is_empty() {
        return Ok(None);
    }
    let inner = array.effective_subchunk_shape();
    let shape = match inner {
        Some(shape) => shape,
        None => array.chunk_shape(&vec![0; array.shape().len()])?,
    };
    let size = array.data_type().fixed_size().unwrap_or(1) as u64;
    let bytes = shape.iter().try_fold(size, |bytes, len| bytes.checked_mul(len.get()));
    if bytes.is_none_or(|bytes| bytes > LARGEST_CHUNK) {
        return Err(format!(
            "its chunks of shape {shape:?} have more than {LARGEST_CHUNK} bytes: write it in smaller ones"
        )
        .into());
    }
    let shape = shape.iter().map(|len| usize::try_from(len.get()));
    Ok(Some(shape.collect::<Result<_, _>>()?))
}
