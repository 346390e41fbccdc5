//! What is known of a data set once it is open: plain data, no handle, that any worker may use.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hdf5_metno::Dataset;
use hdf5_metno::dataset::Layout;
use memmap2::Mmap;

use super::element::Hdf5Element;
use super::filters::{Pipeline, registry, sources};
use super::index::ChunkIndex;
use super::library::{self, OpenDataset};
use super::names;
use super::probe::probe;
use super::region::MAX_RANK;
use super::types::StoredType;
use crate::error::{Error, Result, SourceError};
use crate::files::open_regular;
use crate::memory::mapped;

/// A data set in a file, described.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    /// The file that holds the elements: the same, unless an external link leads to it.
    data_path: PathBuf,
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) kind: StoredType,
    pub(super) storage: Storage,
    /// The file as it was when the data set was described.
    identity: Identity,
}

/// How the elements of a data set are got at.
#[derive(Debug)]
pub(super) enum Storage {
    /// They lie back to back in this part of the mapped file.
    Contiguous { map: Mmap, part: Range<usize> },
    /// They lie in chunks with filters that pasha undoes itself.
    Chunked(Chunks),
    /// Only libhdf5 knows.
    Library {
        /// Lengths of a chunk along each axis, if there are chunks.
        chunk: Option<Vec<usize>>,
    },
}

/// The chunks of a data set.
#[derive(Debug)]
pub(super) struct Chunks {
    /// Lengths of a chunk along each axis, also of those at the edges.
    pub(super) shape: Vec<usize>,
    pub(super) pipeline: Pipeline,
    /// Whether only libhdf5 finds the chunks, and could not undo their filters.
    pub(super) needs_plugin: bool,
    /// The element of chunks that were never written, as stored bytes.
    pub(super) fill: Vec<u8>,
    /// Where the chunks lie; without, libhdf5 finds each.
    pub(super) index: Option<ChunkIndex>,
}

/// Which file it is, and in which state.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
    size: u64,
    changed: (i64, i64),
}

impl Identity {
    fn of(file: &fs::Metadata) -> Identity {
        Identity {
            device: file.dev(),
            number: file.ino(),
            size: file.size(),
            changed: (file.mtime(), file.mtime_nsec()),
        }
    }
}

impl Stored {
    /// As [`open`](Self::open), also where libhdf5 crashes on the file.
    pub(super) fn open_soundly<A: Hdf5Element>(path: &Path, name: &str) -> Result<Stored> {
        // Without a file there is nothing to crash on.
        if path.is_file() {
            probe("HDF5", || Stored::open::<A>(path, name)).map_err(|reason| Error::Hdf5 {
                path: path.to_owned(),
                dataset: name.to_owned(),
                reason: reason.to_string(),
            })?;
        }
        Stored::open::<A>(path, name)
    }

    /// Opens, checks and describes a data set that is to be read as elements `A`; nothing stays open.
    pub(super) fn open<A: Hdf5Element>(path: &Path, name: &str) -> Result<Stored> {
        let failed =
            |action| move |source: io::Error| Error::File { action, path: path.to_owned(), source };
        let refused = |reason: String| Error::Hdf5 {
            path: path.to_owned(),
            dataset: name.to_owned(),
            reason,
        };
        open_regular(path, File::options().read(true)).map_err(failed("open"))?;
        let opened = hdf5_metno::File::open(path).map_err(|error| refused(explain(&error)))?;
        let dataset = opened.dataset(name).map_err(|error| {
            refused(names::missing(&opened, name).unwrap_or_else(|| explain(&error)))
        })?;
        let space = dataset.space().map_err(|error| refused(explain(&error)))?;
        if space.is_null() {
            let empty = "it holds no elements (null dataspace), as h5py writes `Empty`: there is nothing to map over; \
                         its attributes may say why";
            return Err(refused(empty.to_owned()));
        }
        let kind = StoredType::of(&dataset).and_then(StoredType::read_as::<A>).map_err(refused)?;
        let mut shape = space.shape();
        // Elements that are arrays have axes of their own.
        shape.extend(&kind.array);
        let largest = space.maxdims();
        let is_beyond =
            |(&len, largest): (&usize, &Option<usize>)| largest.is_some_and(|max| len > max);
        if shape.iter().zip(&largest).any(is_beyond) {
            return Err(refused(format!(
                "its shape is {shape:?}, but {largest:?} is the largest that it may have: the file is damaged"
            )));
        }
        let is_too_large = shape
            .iter()
            .try_fold(kind.number.size(), |bytes, &len| bytes.checked_mul(len))
            .is_none_or(|bytes| isize::try_from(bytes).is_err());
        if is_too_large || shape.len() > MAX_RANK {
            return Err(refused(format!("its shape {shape:?} is larger than the address space")));
        }
        // An external link may have led to another file.
        let data_path = PathBuf::from(dataset.filename());
        let opened_data = open_regular(&data_path, File::options().read(true));
        let file = opened_data.map_err(|source| Error::File {
            action: "open",
            path: data_path.clone(),
            source,
        })?;
        let metadata = file.metadata().map_err(failed("open"))?;
        let storage = describe(&file, &data_path, metadata.size(), dataset, &kind, &shape)
            .map_err(refused)?;
        Ok(Stored {
            path: path.to_owned(),
            data_path,
            name: name.to_owned(),
            shape,
            kind,
            storage,
            identity: Identity::of(&metadata),
        })
    }

    /// The elements as they lie in the mapped file, if that is how they lie.
    pub(super) fn view<A: Hdf5Element>(&self) -> Option<&[A]> {
        match &self.storage {
            Storage::Contiguous { map, part }
                if self.kind.is_plain && self.kind.is_native::<A>() =>
            {
                A::view(&map[part.clone()])
            }
            _ => None,
        }
    }

    /// Says that elements are about to be read, `used` of those in `part`, if they are read where they lie in
    /// the mapped file.
    pub(super) fn announce<A: Hdf5Element>(&self, part: Range<usize>, used: usize) {
        if self.view::<A>().is_some()
            && let Storage::Contiguous { map, part: all } = &self.storage
        {
            let at = |element: usize| all.start + element * size_of::<A>();
            mapped::announce(map, at(part.start)..at(part.end), used * size_of::<A>());
        }
    }

    /// How many indices of an axis are best read together, by a reader that converts or decompresses.
    pub(super) fn together(&self, axis: usize) -> usize {
        let chunk = match &self.storage {
            Storage::Chunked(chunks) => Some(&chunks.shape),
            Storage::Library { chunk } => chunk.as_ref(),
            Storage::Contiguous { .. } => None,
        };
        if let Some(chunk) = chunk {
            return chunk.get(axis).copied().unwrap_or(1);
        }
        let others = self.shape.iter().enumerate().filter(|&(other, _)| other != axis);
        let bytes: usize = others.map(|(_, &len)| len).product::<usize>() * self.kind.number.size();
        (BLOCK / bytes.max(1)).max(1)
    }

    /// Opens the file for reading its bytes.
    ///
    /// # Errors
    /// If it is not the file that was described, or it was written since.
    pub(super) fn open_file(&self) -> Result<File, SourceError> {
        let path = self.data_path.display();
        let file = open_regular(&self.data_path, File::options().read(true))
            .map_err(|error| format!("can't open {path}: {error}"))?;
        let metadata = file.metadata().map_err(|error| format!("can't look at {path}: {error}"))?;
        if Identity::of(&metadata) == self.identity {
            return Ok(file);
        }
        Err(format!(
            "{path} was written or replaced since it was opened (it had {} bytes and now has {}): open it again",
            self.identity.size,
            metadata.size()
        )
        .into())
    }

    /// Opens the data set through libhdf5.
    pub(super) fn open_dataset(&self) -> Result<OpenDataset, SourceError> {
        // Holds the file while libhdf5 opens it.
        let _file = self.open_file()?;
        let failed = |reason: String| SourceError::from(self.describe(&reason));
        let dataset = OpenDataset::open(&self.path, &self.name, &self.kind)
            .map_err(|error| failed(explain(&error)))?;
        if dataset.shape() != self.shape {
            return Err(failed("its shape has changed since it was opened".to_owned()));
        }
        Ok(dataset)
    }

    /// The text of an error that happened in this data set.
    pub(super) fn describe(&self, reason: &str) -> String {
        format!("data set {:?} of {}: {reason}", self.name, self.path.display())
    }
}

/// Bytes that are read together where there are no chunks.
const BLOCK: usize = 1 << 20;

/// Finds out how the elements are stored.
fn describe(
    file: &File,
    path: &Path,
    file_size: u64,
    dataset: Dataset,
    kind: &StoredType,
    shape: &[usize],
) -> Result<Storage, String> {
    // libhdf5 counts the axes of elements that are arrays as none of the data set.
    let outer = &shape[..shape.len() - kind.array.len()];
    let explained = |error: hdf5_metno::Error| explain(&error);
    let properties = dataset.dcpl().map_err(explained)?;
    let layout = properties.get_layout().map_err(explained)?;
    let is_external = !properties.get_external().map_err(explained)?.is_empty();
    if layout == Layout::Contiguous
        && kind.is_plain
        && !is_external
        && let Some(offset) = dataset.offset()
    {
        let size = shape.iter().product::<usize>() * kind.number.size();
        return contiguous(file, file_size, offset, size);
    }
    let chunk =
        if layout == Layout::Chunked { properties.get_chunk().map_err(explained)? } else { None };
    if let Some(chunk) = &chunk
        && (chunk.len() != outer.len() || chunk.contains(&0))
    {
        return Err(format!("its chunks {chunk:?} do not fit its shape {outer:?}"));
    }
    let filters = library::filters(&dataset).map_err(explained)?;
    let pipeline = Pipeline::new(&filters).filter(|_| kind.is_plain);
    // Filters that are not here are an error now, and not at each item.
    if layout == Layout::Chunked
        && pipeline.is_none()
        && let Some(number) = library::missing_filter(&filters)
    {
        return Err(format!("its chunks have passed {}", registry::missing(number)));
    }
    if layout == Layout::Virtual
        && let Some(missing) = sources::missing_in_parts(path, &dataset)
    {
        return Err(missing);
    }
    if let Some(chunk) = &chunk {
        library::check_scale_offset(&filters, kind, chunk.iter().product())?;
    }
    let num_chunks = dataset.num_chunks();
    let has_user_block = dataset.file().map_err(explained)?.userblock() > 0;
    let index_of = |dataset: &Dataset, chunk: &[usize], count| {
        // Before HDF5 1.14.3 the addresses did not count the bytes of a user block.
        if has_user_block { None } else { ChunkIndex::fetch(dataset, outer, chunk, count) }
    };
    let index = match (&chunk, num_chunks) {
        (Some(chunk), Some(count)) if pipeline.is_some() => index_of(&dataset, chunk, count),
        _ => None,
    };
    let opened = OpenDataset::new(dataset, kind).map_err(explained)?;
    let chunk = chunk.map(|chunk| [chunk, kind.array.clone()].concat());
    let fill = match chunk {
        Some(_) => opened.fill_value().map_err(explained)?,
        None => None,
    };
    match (chunk, pipeline, fill) {
        (Some(shape), Some(pipeline), Some(fill)) => {
            let needs_plugin = index.is_none() && library::missing_filter(&filters).is_some();
            Ok(Storage::Chunked(Chunks { shape, pipeline, needs_plugin, fill, index }))
        }
        (chunk, ..) => {
            // Tells early what is wrong with other files. Chunks are left to the workers: a damaged one may crash
            // libhdf5.
            if chunk.is_none() && !shape.contains(&0) {
                let (start, one) = (vec![0; shape.len()], vec![1; shape.len()]);
                opened.read(&start, &one, &mut Vec::new()).map_err(explained)?;
            }
            Ok(Storage::Library { chunk })
        }
    }
}

/// Maps the file, and checks that the elements lie within it.
fn contiguous(file: &File, file_size: u64, offset: u64, size: usize) -> Result<Storage, String> {
    let end = offset.checked_add(size as u64).filter(|&end| end <= file_size);
    let (Some(end), Ok(start)) = (end, usize::try_from(offset)) else {
        return Err(format!(
            "its {size} bytes begin at byte {offset}, but the file ends at byte {file_size}: it is truncated or damaged"
        ));
    };
    // SAFETY: the file is mapped read-only. That nobody changes it meanwhile is what the
    // documentation of the type asks of the user, as every memory map does.
    let map = unsafe { Mmap::map(file) }.map_err(|error| format!("it can't be mapped: {error}"))?;
    let part = start..end as usize;
    if part.end > map.len() {
        return Err("it was truncated while it was opened".to_owned());
    }
    Ok(Storage::Contiguous { map, part })
}

/// What libhdf5 said, and the way out where there is one.
pub(super) fn explain(error: &hdf5_metno::Error) -> String {
    let said = error.to_string();
    let (major, minor, patch) = hdf5_metno::library_version();
    if said.contains("truncated file") {
        format!("the file is truncated or not yet written to its end; copy it again ({said})")
    } else if said.contains("file signature not found") {
        format!("it is no HDF5 file ({said})")
    } else if said.contains("superblock version") || said.contains("version number") {
        format!(
            "this libhdf5, {major}.{minor}.{patch}, does not know its version of the format, or it is damaged; \
             write it with libver bounds of this version, or use a newer library ({said})"
        )
    } else if said.contains("required filter") {
        format!(
            "a part of it has passed a filter whose plugin is not there: install Python's package hdf5plugin and set \
             HDF5_PLUGIN_PATH to hdf5plugin.PLUGIN_PATH before the program starts ({said})"
        )
    } else if said.contains("unable to lock file") {
        format!(
            "another program has it open for writing; close it there, or set HDF5_USE_FILE_LOCKING=FALSE ({said})"
        )
    } else {
        format!("libhdf5 says: {said}")
    }
}
