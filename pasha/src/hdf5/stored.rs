//! What is known of a data set once it is open: plain data, no handle, that any worker may use.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5_metno::dataset::Layout;
use hdf5_metno::{Dataset, LocationType};
use memmap2::Mmap;

use super::assembly::Assembly;
use super::element::Hdf5Element;
use super::file::{self, Identity, explain};
use super::filters::{Pipeline, registry, sources};
use super::index::ChunkIndex;
use super::library::{self, OpenDataset};
use super::links::{self, Found};
use super::mappings::{self, Sources};
use super::names;
use super::probe::{another_file, probe};
use super::region::MAX_RANK;
use super::series;
use super::types::StoredType;
use crate::error::{Error, Result, SourceError};
use crate::files::open_regular;
use crate::memory::mapped;

/// A data set in a file, described.
#[derive(Debug)]
pub(super) struct Stored {
    /// The file that was asked for; of a series the first.
    pub(super) path: PathBuf,
    pub(super) name: String,
    /// The file that links led to, and the data set in it.
    pub(super) data_path: PathBuf,
    data_name: String,
    pub(super) shape: Vec<usize>,
    pub(super) kind: StoredType,
    pub(super) storage: Storage,
    /// The file as it was when the data set was described; none if the elements are in several.
    identity: Option<Identity>,
}

/// How the elements of a data set are got at.
#[derive(Debug)]
pub(super) enum Storage {
    /// They lie back to back in this part of the mapped file.
    Contiguous { map: Mmap, part: Range<usize> },
    /// They lie in chunks with filters that pasha undoes itself.
    Chunked(Chunks),
    /// They are in other data sets.
    Assembled(Assembly),
    /// Only libhdf5 knows.
    Library {
        /// Lengths of a chunk along each axis, if there are chunks.
        chunk: Option<Vec<usize>>,
        /// The folder that the program must be in, if libhdf5 finds other files by it.
        working_folder: Option<PathBuf>,
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

impl Stored {
    /// As [`open`](Self::open), also where libhdf5 crashes on the file.
    pub(super) fn open_soundly<A: Hdf5Element>(path: &Path, name: &str) -> Result<Stored> {
        let path = file::absolute(path);
        // Without a file there is nothing to crash on.
        if path.is_file() {
            probe("HDF5", || Stored::open::<A>(&path, name)).map_err(|reason| Error::Hdf5 {
                path: path.clone(),
                dataset: name.to_owned(),
                reason: reason.to_string(),
            })?;
        }
        Stored::open::<A>(&path, name)
    }

    /// Opens, checks and describes a data set, or the series in a group, that is to be read as elements `A`; nothing
    /// stays open.
    pub(super) fn open<A: Hdf5Element>(path: &Path, name: &str) -> Result<Stored> {
        Stored::open_at::<A>(&file::absolute(path), name)
    }

    /// Opens a data set of the same name in each of several files, one after the other.
    pub(super) fn open_series<A: Hdf5Element>(paths: &[PathBuf], name: &str) -> Result<Stored> {
        let open = |path: &PathBuf| {
            another_file();
            Stored::open::<A>(path, name)
        };
        let parts = paths.iter().map(open).collect::<Result<Vec<_>>>()?;
        let first = parts.first().map(|part| part.path.clone()).unwrap_or_default();
        series::join(parts, &first, name)
    }

    /// As [`open`](Self::open), given an absolute path.
    fn open_at<A: Hdf5Element>(path: &Path, name: &str) -> Result<Stored> {
        let refused = |reason: String| Error::Hdf5 {
            path: path.to_owned(),
            dataset: name.to_owned(),
            reason,
        };
        open_regular(path, File::options().read(true)).map_err(|source| Error::File {
            action: "open",
            path: path.to_owned(),
            source,
        })?;
        let found = links::follow(path, name).map_err(|broken| refused(broken.reason))?;
        if found.file.loc_type_by_name(&found.name).ok() != Some(LocationType::Group) {
            return Stored::describe::<A>(found, path, name, 0);
        }
        let members = series::members(&found.file, &found.name).map_err(refused)?;
        if members.is_empty() {
            let reason = names::missing(&found.file, &found.name);
            return Err(refused(reason.unwrap_or_else(|| "it is a group".to_owned())));
        }
        let group = name.trim_end_matches('/');
        let open = |member: &String| {
            another_file();
            Stored::open_at::<A>(path, &format!("{group}/{member}"))
        };
        let parts = members.iter().map(open).collect::<Result<Vec<_>>>()?;
        series::join(parts, path, name)
    }

    /// Describes a data set that was found for a path and a name, to be read as elements `A`; `depth` counts the virtual
    /// data sets around it.
    pub(super) fn describe<A: Hdf5Element>(
        found: Found,
        path: &Path,
        name: &str,
        depth: usize,
    ) -> Result<Stored> {
        let refused = |reason: String| Error::Hdf5 {
            path: path.to_owned(),
            dataset: name.to_owned(),
            reason,
        };
        let dataset = found.file.dataset(&found.name).map_err(|error| {
            refused(names::missing(&found.file, &found.name).unwrap_or_else(|| explain(&error)))
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
        let failed =
            |source: io::Error| Error::File { action: "open", path: found.path.clone(), source };
        let file = open_regular(&found.path, File::options().read(true)).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let place = Place { file: &file, path: &found.path, size: metadata.len(), depth };
        let storage = find_storage::<A>(&place, dataset, &kind, &shape).map_err(refused)?;
        Ok(Stored {
            path: path.to_owned(),
            name: name.to_owned(),
            shape,
            kind,
            storage,
            identity: Some(Identity::of(&metadata, found.is_growing)),
            data_path: found.path,
            data_name: found.name,
        })
    }

    /// What is put together of other data sets.
    pub(super) fn assembled(
        path: &Path,
        name: &str,
        shape: Vec<usize>,
        kind: StoredType,
        assembly: Assembly,
    ) -> Stored {
        Stored {
            path: path.to_owned(),
            name: name.to_owned(),
            data_path: path.to_owned(),
            data_name: name.to_owned(),
            shape,
            kind,
            storage: Storage::Assembled(assembly),
            identity: None,
        }
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

    /// Says that all elements at some indices of an axis are about to be read.
    pub(super) fn announce_along<A: Hdf5Element>(&self, axis: usize, range: Range<usize>) {
        if let Storage::Assembled(assembly) = &self.storage {
            for piece in &assembly.pieces {
                let Some(span) = piece.spans.get(axis) else { return };
                let within = range.start.max(span.start)..range.end.min(span.range().end);
                let source = &assembly.sources[piece.source];
                match span.axis {
                    _ if within.is_empty() || !assembly.is_whole(piece, axis, &self.shape) => {}
                    Some(axis) => {
                        let at = |index: usize| piece.from[axis] + (index - span.start);
                        source.announce_along::<A>(axis, at(within.start)..at(within.end));
                    }
                    None => source.announce_along::<A>(0, 0..source.shape[0]),
                }
            }
            return;
        }
        let (before, behind) = self.shape.split_at(axis.min(self.shape.len()));
        let Some((&len, inner)) = behind.split_first() else { return };
        let (outer, width) = (before.iter().product::<usize>(), inner.iter().product::<usize>());
        let used = outer * range.len() * width;
        if used > 0 {
            let last = (outer - 1) * len + range.end;
            self.announce::<A>(range.start * width..last * width, used);
        }
    }

    /// The length of a chunk along an axis, if there are chunks or other data sets.
    pub(super) fn chunk_along(&self, axis: usize) -> Option<usize> {
        match &self.storage {
            Storage::Chunked(chunks) => chunks.shape.get(axis).copied(),
            Storage::Library { chunk, .. } => chunk.as_ref()?.get(axis).copied(),
            Storage::Assembled(assembly) => Some(assembly.chunk_along(axis)),
            Storage::Contiguous { .. } => None,
        }
    }

    /// How many indices of an axis are best read together, by a reader that converts or decompresses.
    pub(super) fn together(&self, axis: usize) -> usize {
        if let Some(chunk) = self.chunk_along(axis) {
            return chunk;
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
        match &self.identity {
            Some(identity) if !identity.is_same(&metadata) => Err(format!(
                "{path} was written or replaced since it was opened (it had {} bytes and now has {}): open it again",
                identity.size(),
                metadata.len()
            )
            .into()),
            _ => Ok(file),
        }
    }

    /// Opens the data set through libhdf5.
    pub(super) fn open_dataset(&self) -> Result<OpenDataset, SourceError> {
        // Holds the file while libhdf5 opens it.
        let _file = self.open_file()?;
        let failed = |reason: String| SourceError::from(self.describe_failure(&reason));
        if let Storage::Library { working_folder: Some(folder), .. } = &self.storage
            && std::env::current_dir().ok().as_ref() != Some(folder)
        {
            return Err(failed(format!(
                "its sources were found by their names in the folder {}, which the program has left since: stay there, \
                 or set HDF5_VDS_PREFIX to it",
                folder.display()
            )));
        }
        let dataset = OpenDataset::open(&self.data_path, &self.data_name, &self.kind)
            .map_err(|error| failed(explain(&error)))?;
        // A file that is still being written may have become longer meanwhile.
        let is_growing = self.identity.as_ref().is_some_and(|identity| identity.is_growing);
        let is_same = |(&now, &then): (&usize, &usize)| now == then || (is_growing && now > then);
        let shape = dataset.shape();
        if shape.len() != self.shape.len() || !shape.iter().zip(&self.shape).all(is_same) {
            return Err(failed("its shape has changed since it was opened".to_owned()));
        }
        Ok(dataset)
    }

    /// The element of a data set without axes.
    pub(super) fn value<A: Hdf5Element>(&self) -> Result<A, SourceError> {
        let failed = |reason: String| SourceError::from(self.describe_failure(&reason));
        let mut read = Vec::new();
        let bytes = match &self.storage {
            Storage::Contiguous { map, part } => &map[part.clone()],
            _ => {
                let dataset = self.open_dataset()?;
                dataset.read(&[], &[], &mut read).map_err(|error| failed(explain(&error)))?;
                &read[..]
            }
        };
        let mut value = [A::zeroed()];
        A::decode(&self.kind, bytes, &mut value)
            .map_err(|misfit| failed(misfit.tell("value", "", A::name(), self.kind.number)))?;
        Ok(value[0])
    }

    /// The text of an error that happened in this data set.
    pub(super) fn describe_failure(&self, reason: &str) -> String {
        format!("data set {:?} of {}: {reason}", self.name, self.path.display())
    }
}

/// Bytes that are read together where there are no chunks.
const BLOCK: usize = 1 << 20;

/// Where a data set is described.
struct Place<'a> {
    file: &'a File,
    path: &'a Path,
    /// Bytes of the file.
    size: u64,
    /// How many virtual data sets there are around it.
    depth: usize,
}

/// Finds out how the elements are stored.
fn find_storage<A: Hdf5Element>(
    place: &Place<'_>,
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
        return contiguous(place.file, place.size, offset, size);
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
    let is_virtual = layout == Layout::Virtual;
    let lacking = || sources::missing_in_parts(place.path, &dataset);
    let lacking = if is_virtual { lacking() } else { None };
    if let Some(chunk) = &chunk {
        library::check_scale_offset(&filters, kind, chunk.iter().product())?;
    }
    let num_chunks = library::num_chunks(&dataset);
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
        None if !is_virtual => None,
        _ => opened.fill_value().map_err(explained)?,
    };
    let mut working_folder = None;
    if is_virtual {
        let Place { path, depth, .. } = *place;
        if let Some(fill) = &fill {
            match mappings::sources::<A>(path, &properties, kind, shape, fill.clone(), depth)? {
                Sources::Boxes(assembly) => return Ok(Storage::Assembled(assembly)),
                Sources::Other { working_folder: found } => working_folder = found,
            }
        }
        if let Some(missing) = lacking {
            return Err(missing);
        }
    }
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
            Ok(Storage::Library { chunk, working_folder })
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
