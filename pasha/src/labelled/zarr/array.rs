//! Arrays as the `zarrs` crate opens and reads them.

use std::path::Path;
use std::sync::Arc;

use zarrs::array::{
    Array, ArrayBytes, ArrayShardedExt, ArraySubset, CodecOptions, DataType, data_type,
};
use zarrs::filesystem::FilesystemStore;

use super::attributes::DIMS;
use super::metadata::{LARGEST_CHUNK, check};
use super::whole_chunks::{LastChunk, has_checksums};
use crate::error::SourceError;
use crate::labelled::element::ElementType;
use crate::labelled::found::guarded;
use crate::labelled::variable::OpenVariable;

/// The library's name, for messages.
pub(super) const LIBRARY: &str = "zarrs";

/// An array with a store of its own. Its files are open only while they are read.
pub(super) struct Open {
    pub(super) array: Array<FilesystemStore>,
    /// Where there are checksums, by which chunks are read whole.
    checked: Option<LastChunk>,
}

impl Open {
    pub(super) fn new(array: Array<FilesystemStore>) -> Self {
        let checked = has_checksums(array.metadata()).then(LastChunk::default);
        Open { array, checked }
    }
}

impl OpenVariable for Open {
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
                .map_err(|error| format!("{error}, at {start:?}: the store is damaged"))?;
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

pub(super) fn open(path: &Path, variable: &str) -> Result<Array<FilesystemStore>, String> {
    let variable = variable.trim_matches('/');
    check(&path.join(variable))?;
    let store = FilesystemStore::new(path).map_err(|error| error.to_string())?;
    Array::open(Arc::new(store), &format!("/{variable}")).map_err(|error| {
        format!("its metadata are damaged, or of a kind that is not read ({error})")
    })
}

pub(super) fn shape_of(array: &Array<FilesystemStore>) -> Result<Vec<usize>, SourceError> {
    let shape = array.shape().iter().map(|&len| usize::try_from(len));
    Ok(shape.collect::<Result<_, _>>()?)
}

/// The dimensions' names, which the two formats have in different places; those without one are
/// called `dim_0`, `dim_1`, … by their place.
pub(super) fn dims(array: &Array<FilesystemStore>) -> Result<Vec<String>, SourceError> {
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
pub(super) fn chunk_shape(
    array: &Array<FilesystemStore>,
) -> Result<Option<Vec<usize>>, SourceError> {
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

pub(super) fn element_type(found: &DataType) -> Option<ElementType> {
    let known = [
        (data_type::uint8(), ElementType::U8),
        (data_type::uint16(), ElementType::U16),
        (data_type::uint32(), ElementType::U32),
        (data_type::uint64(), ElementType::U64),
        (data_type::int8(), ElementType::I8),
        (data_type::int16(), ElementType::I16),
        (data_type::int32(), ElementType::I32),
        (data_type::int64(), ElementType::I64),
        (data_type::float16(), ElementType::F16),
        (data_type::float32(), ElementType::F32),
        (data_type::float64(), ElementType::F64),
        (data_type::bool(), ElementType::Bool),
    ];
    known.into_iter().find(|(name, _)| name == found).map(|(_, element)| element)
}
