//! Opening a data set: it is found, checked and described.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use hdf5_metno::dataset::Layout;
use hdf5_metno::plist::dataset_create::ExternalFile;
use hdf5_metno::{Dataset, LocationType};
use memmap2::Mmap;

use super::element::Hdf5Element;
use super::external::{self, RawFiles};
use super::file::{self, explain};
use super::filters::{Pipeline, registry, sources};
use super::index::ChunkIndex;
use super::library::{self, OpenDataset};
use super::links::{self, FoundObject};
use super::mappings::{self, Sources};
use super::names;
use super::probe::{another_file, probe};
use super::region::MAX_RANK;
use super::series;
use super::stored::{ByFolder, Chunks, Storage, Stored};
use super::types::StoredType;
use crate::error::{Error, Hdf5Error, Result, describe};
use crate::files::{OpenedFile, open_regular};

/// Opens in a process of its own, and gives the error of the library's that came of it; or what
/// `crashed` makes of the reason, where nothing came of it.
fn try_elsewhere<T>(
    open: impl Fn() -> Result<T> + Sync,
    crashed: impl Fn(String) -> Error,
) -> Result<()> {
    // A text is all that comes from another process; no name has zeros in it.
    let tried = || match open() {
        Err(Error::Hdf5(Hdf5Error { path, dataset, reason })) => {
            Err([&*path.to_string_lossy(), &*dataset, &*reason].join("\0"))
        }
        // The library has no part in others.
        _ => Ok(()),
    };
    probe("HDF5", tried).map_err(|told| {
        let told = told.to_string();
        match told.splitn(3, '\0').collect::<Vec<_>>()[..] {
            [path, dataset, reason] => Error::Hdf5(Hdf5Error {
                path: path.into(),
                dataset: dataset.to_owned(),
                reason: reason.to_owned(),
            }),
            _ => crashed(told),
        }
    })
}

/// Virtual data sets that may lie within each other; more are a circle.
const DEEPEST_VIRTUAL: usize = 8;

impl Stored {
    /// As [`open`](Self::open), also where libhdf5 crashes on the file.
    pub(super) fn open_soundly<A: Hdf5Element>(path: &Path, name: &str) -> Result<Stored> {
        let path = file::absolute(path);
        // Without a file there is nothing to crash on.
        if path.is_file() {
            let crashed = |reason: String| {
                let dataset = name.to_owned();
                Error::Hdf5(Hdf5Error { path: path.clone(), dataset, reason })
            };
            try_elsewhere(|| Stored::open::<A>(&path, name), crashed)?;
        }
        Stored::open::<A>(&path, name)
    }

    /// As [`open_series`](Self::open_series), also where libhdf5 crashes on one of the files.
    pub(super) fn open_series_soundly<A: Hdf5Element>(
        paths: &[PathBuf],
        name: &str,
    ) -> Result<Stored> {
        if let Some(first) = paths.iter().find(|path| path.is_file()) {
            let crashed = |reason: String| {
                let reason = format!("it, or another file of the series, can't be read: {reason}");
                let (path, dataset) = (first.clone(), name.to_owned());
                Error::Hdf5(Hdf5Error { path, dataset, reason })
            };
            try_elsewhere(|| Stored::open_series::<A>(paths, name), crashed)?;
        }
        Stored::open_series::<A>(paths, name)
    }

    /// Opens, checks and describes a data set, or the series in a group, that is to be read as
    /// elements `A`; nothing stays open.
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
        let refused = |reason: String| {
            Error::Hdf5(Hdf5Error { path: path.to_owned(), dataset: name.to_owned(), reason })
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

    /// Describes a data set that was found for a path and a name, to be read as elements `A`;
    /// `depth` counts the virtual data sets around it.
    fn describe<A: Hdf5Element>(
        found: FoundObject,
        path: &Path,
        name: &str,
        depth: usize,
    ) -> Result<Stored> {
        let refused = |reason: String| {
            Error::Hdf5(Hdf5Error { path: path.to_owned(), dataset: name.to_owned(), reason })
        };
        let dataset = found.file.dataset(&found.name).map_err(|error| {
            refused(names::missing(&found.file, &found.name).unwrap_or_else(|| explain(&error)))
        })?;
        let properties = dataset.dcpl().map_err(|error| refused(explain(&error)))?;
        mappings::check_files(&found.path, &properties).map_err(refused)?;
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
            return Err(refused(describe::too_large_to_address(&shape)));
        }
        let failed =
            |source: io::Error| Error::File { action: "open", path: found.path.clone(), source };
        let file = open_regular(&found.path, File::options().read(true)).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let place = FoundIn {
            file: &file,
            path: &found.path,
            size: metadata.len(),
            is_growing: found.is_growing,
            depth,
        };
        let storage = find_storage::<A>(&place, dataset, &kind, &shape).map_err(refused)?;
        Ok(Stored {
            path: path.to_owned(),
            name: name.to_owned(),
            shape,
            kind,
            storage,
            opened: Some(OpenedFile::new(&found.path, &metadata).growing(found.is_growing)),
            data_path: found.path,
            data_name: found.name,
        })
    }
}

/// Where a data set is described.
struct FoundIn<'a> {
    file: &'a File,
    path: &'a Path,
    /// Bytes of the file.
    size: u64,
    /// Whether a program is adding to it.
    is_growing: bool,
    /// How many virtual data sets there are around it.
    depth: usize,
}

/// Finds out how the elements are stored.
fn find_storage<A: Hdf5Element>(
    place: &FoundIn<'_>,
    dataset: Dataset,
    kind: &StoredType,
    shape: &[usize],
) -> Result<Storage, String> {
    // libhdf5 counts the axes of elements that are arrays as none of the data set.
    let outer = &shape[..shape.len() - kind.array.len()];
    let explained = |error: hdf5_metno::Error| explain(&error);
    let properties = dataset.dcpl().map_err(explained)?;
    let layout = properties.get_layout().map_err(explained)?;
    let external = properties.get_external().map_err(explained)?;
    if !external.is_empty() && layout == Layout::Contiguous {
        return in_raw_files(place, dataset, kind, outer, &external);
    }
    if layout == Layout::Contiguous
        && kind.is_plain
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
    let (mut working_folder, mut misfit) = (None, None);
    if is_virtual {
        let FoundIn { path, depth, .. } = *place;
        if let Some(fill) = &fill {
            if depth > DEEPEST_VIRTUAL {
                return Err(format!(
                    "virtual data sets lie within each other more than {DEEPEST_VIRTUAL} deep: {}",
                    mappings::CIRCLE
                ));
            }
            let describe = |found: FoundObject, path: &Path, name: &str| {
                Stored::describe::<A>(found, path, name, depth + 1)
            };
            match mappings::sources(path, &properties, kind, shape, fill.clone(), &describe)? {
                Sources::Boxes(assembly) => return Ok(Storage::Assembled(assembly)),
                Sources::Other { working_folder: found, misfit: told } => {
                    (working_folder, misfit) = (found, told);
                }
            }
        }
        if let Some(missing) = lacking {
            // One source that does not fit is why the others are read by libhdf5 at all.
            return Err(match misfit {
                Some(misfit) => format!(
                    "{misfit}: so libhdf5 has to convert and read all of it, but {missing}; or write the source again with \
                     the type of the whole"
                ),
                None => missing,
            });
        }
    }
    match (chunk, pipeline, fill) {
        (Some(shape), Some(pipeline), Some(fill)) => {
            let needs_plugin = index.is_none() && library::missing_filter(&filters).is_some();
            Ok(Storage::Chunked(Chunks { shape, pipeline, needs_plugin, fill, index }))
        }
        (chunk, ..) => {
            // Tells early what is wrong with other files. Chunks are left to the workers: a damaged
            // one may crash libhdf5.
            if chunk.is_none() && !shape.contains(&0) {
                let (start, one) = (vec![0; shape.len()], vec![1; shape.len()]);
                opened.read(&start, &one, &mut Vec::new()).map_err(explained)?;
            }
            let by_folder = working_folder
                .map(|folder| ByFolder { folder, variable: mappings::SOURCES_PREFIX });
            Ok(Storage::Library { chunk, by_folder, external: None })
        }
    }
}

/// Finds the external raw files that hold the elements.
fn in_raw_files(
    place: &FoundIn<'_>,
    dataset: Dataset,
    kind: &StoredType,
    outer: &[usize],
    named: &[ExternalFile],
) -> Result<Storage, String> {
    let element_size = dataset.dtype().map_err(|error| explain(&error))?.size();
    let size = outer.iter().product::<usize>().checked_mul(element_size);
    let size = size.ok_or("it is larger than the address space")?;
    let files = RawFiles::find(named, place.path, size as u64, place.is_growing)?;
    if kind.is_plain {
        return Ok(Storage::External(files));
    }
    // libhdf5 makes zeros of what is missing at the end of a file.
    files.check_length()?;
    let working_folder = match files.are_by_working_folder() {
        true => std::env::current_dir().ok(),
        false => None,
    };
    OpenDataset::new(dataset, kind).map_err(|error| explain(&error))?;
    let by_folder =
        working_folder.map(|folder| ByFolder { folder, variable: external::RAW_PREFIX });
    Ok(Storage::Library { chunk: None, by_folder, external: Some(files) })
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
