//! Virtual data sets: what they are made of, where that can be said in boxes.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use hdf5_metno::dataset::Layout;
use hdf5_metno::plist::DatasetCreate;
use hdf5_metno::sync::sync;
use hdf5_metno::{Dataspace, h5check};
use hdf5_metno_sys::h5s::{self, H5S_UNLIMITED, H5S_sel_type};
use hdf5_metno_sys::{h5i, h5p};

use super::boxes::{MOST_PIECES, SelectedBlocks, boxes};
use super::file;
use super::links::{self, FoundObject};
use super::pieces::Piece;
use super::region::MAX_RANK;
use super::stored::{Assembly, Stored};
use super::types::StoredType;
use crate::error::{Error, Hdf5Error};

/// Describes a source that was found for a path and a name.
type DescribeSource<'a> = dyn Fn(FoundObject, &Path, &str) -> Result<Stored, Error> + 'a;

/// The variable that says where libhdf5 looks for the files of sources.
pub(super) const SOURCES_PREFIX: &str = "HDF5_VDS_PREFIX";

/// How the reason ends why a virtual data set is refused that lies within itself.
pub(super) const CIRCLE: &str = "in a circle";

/// What a virtual data set is made of.
#[derive(Debug)]
pub(super) enum Sources {
    /// Boxes of other data sets.
    Boxes(Assembly),
    /// Something that is left to libhdf5; with the folder in which it finds the files, if the
    /// program must stay in it.
    /// `misfit` says which source is why, if one is of another type.
    Other { working_folder: Option<PathBuf>, misfit: Option<String> },
}

/// A mapping as the file has it.
struct VirtualMapping {
    file: String,
    dataset: String,
    /// What is selected along each axis of the virtual data set, and of the source; all where there
    /// is no axis. `None` if it is something else than equal blocks.
    blocks: Option<(Vec<SelectedBlocks>, Vec<SelectedBlocks>)>,
    /// Where what is selected of the source ends along each axis; empty where that is not known.
    source_end: Vec<usize>,
}

/// Finds out what a virtual data set, of this shape and type in the file at `path`, is made of.
/// `fill` is the element where there is nothing; `describe` describes a source.
pub(super) fn sources(
    path: &Path,
    properties: &DatasetCreate,
    kind: &StoredType,
    shape: &[usize],
    fill: Vec<u8>,
    describe: &DescribeSource<'_>,
) -> Result<Sources, String> {
    let mut found = Finder {
        path,
        describe,
        known: HashMap::new(),
        assembly: Assembly { sources: Vec::new(), pieces: Vec::new(), fill },
        working_folder: None,
        misfit: None,
    };
    let mut are_boxes = !shape.is_empty();
    for mapping in count(properties)? {
        // Without its parts the rest is looked through for the folder, and for what is not there.
        are_boxes &= found.add(&read(properties, mapping)?, kind, shape, are_boxes)?;
    }
    match are_boxes {
        true => Ok(Sources::Boxes(found.assembly)),
        false => Ok(Sources::Other { working_folder: found.working_folder, misfit: found.misfit }),
    }
}

/// Refuses a virtual data set of which a source's file is a FIFO, a device or the like: libhdf5
/// would open it, and wait. Asked before the library looks for the set's shape, for which it may
/// open the sources.
pub(super) fn check_files(path: &Path, properties: &DatasetCreate) -> Result<(), String> {
    if properties.get_layout().map_err(|error| file::explain(&error))? != Layout::Virtual {
        return Ok(());
    }
    let mut known = HashSet::new();
    for mapping in count(properties)? {
        let name = file_name(properties, mapping).map_err(|error| file::explain(&error))?;
        if name == "." || known.contains(&name) {
            continue;
        }
        if let Err(at) = file::named_by(path, &name, SOURCES_PREFIX)
            && at.exists()
        {
            return Err(format!(
                "its source file {name:?} can't be read: {}",
                file::what_is_at(&at)
            ));
        }
        known.insert(name);
    }
    Ok(())
}

/// The files and names of the sources, each once; those whose file is not there are left out.
pub(super) fn sources_by_name(
    path: &Path,
    properties: &DatasetCreate,
) -> Result<HashSet<(PathBuf, String)>, String> {
    let mut found = HashSet::new();
    for number in count(properties)? {
        let mapping = read(properties, number)?;
        let source = match mapping.file.as_str() {
            "." => Some(path.to_owned()),
            name => file::named_by(path, name, SOURCES_PREFIX).ok().map(|named| named.path),
        };
        found.extend(source.map(|source| (source, mapping.dataset)));
    }
    Ok(found)
}

/// The name of a source's file.
fn file_name(properties: &DatasetCreate, number: usize) -> hdf5_metno::Result<String> {
    let id = properties.id();
    // SAFETY: the handle is that of such properties, the number that of a mapping, and the lock is
    // held; the library is asked for the length of the text before the text.
    sync(|| unsafe { text(|into, len| h5p::H5Pget_virtual_filename(id, number, into, len)) })
}

/// The sources that were found so far.
struct Finder<'a> {
    path: &'a Path,
    describe: &'a DescribeSource<'a>,
    /// By file and data set: the number of the source, if it is there.
    known: HashMap<(String, String), Option<usize>>,
    assembly: Assembly,
    working_folder: Option<PathBuf>,
    /// The first source whose type is not that of the whole.
    misfit: Option<String>,
}

impl Finder<'_> {
    /// Adds the boxes of a mapping, and returns whether it is made of such.
    fn add(
        &mut self,
        mapping: &VirtualMapping,
        kind: &StoredType,
        shape: &[usize],
        is_read: bool,
    ) -> Result<bool, String> {
        // Names with a number that libhdf5 counts up.
        if mapping.file.contains('%') || mapping.dataset.contains('%') {
            return Ok(false);
        }
        let key = (mapping.file.clone(), mapping.dataset.clone());
        let number = match self.known.get(&key) {
            Some(&number) => number,
            None => {
                let number = self.find(mapping, is_read)?;
                self.known.insert(key, number);
                number
            }
        };
        // What is not there leaves the fill value.
        let Some(number) = number else { return Ok(true) };
        let Some(source) = self.assembly.sources.get(number) else { return Ok(false) };
        if source.kind.number != kind.number || source.shape.is_empty() {
            mapping.check_within(&source.path, &source.shape)?;
            self.misfit.get_or_insert_with(|| {
                let its = if source.shape.is_empty() {
                    "is a single value".to_owned()
                } else {
                    format!("has elements {}", source.kind.number.name())
                };
                format!(
                    "its source {:?} in {} {its}, but the virtual data set has elements {}",
                    mapping.dataset,
                    source.path.display(),
                    kind.number.name()
                )
            });
            return Ok(false);
        }
        let most = MOST_PIECES - self.assembly.pieces.len();
        let boxes = mapping
            .blocks
            .as_ref()
            .and_then(|(whole, of_source)| boxes(whole, shape, of_source, &source.shape, most));
        let Some(boxes) = boxes else {
            mapping.check_within(&source.path, &source.shape)?;
            return Ok(false);
        };
        let piece = |(spans, from)| Piece { source: number, spans, from };
        self.assembly.pieces.extend(boxes.into_iter().map(piece));
        Ok(true)
    }

    /// Finds and describes a source; `None` if it is not there.
    fn find(&mut self, mapping: &VirtualMapping, is_read: bool) -> Result<Option<usize>, String> {
        let path = match mapping.file.as_str() {
            "." => self.path.to_owned(),
            name => match file::named_by(self.path, name, SOURCES_PREFIX) {
                Ok(named) => {
                    if named.by_working_folder {
                        self.working_folder = std::env::current_dir().ok();
                    }
                    named.path
                }
                Err(_) => return Ok(None),
            },
        };
        if !is_read {
            let found = links::follow(&path, &mapping.dataset).ok();
            if let Some(source) = found.and_then(|found| found.file.dataset(&found.name).ok()) {
                mapping.check_within(&path, &source.shape())?;
            }
            return Ok(Some(usize::MAX));
        }
        let of_source = |reason: String| {
            format!("its source {:?} in {}: {reason}", mapping.dataset, path.display())
        };
        match links::follow(&path, &mapping.dataset) {
            Err(broken) if broken.is_missing => Ok(None),
            Err(broken) => Err(of_source(broken.reason)),
            Ok(found) => {
                let stored = (self.describe)(found, &path, &mapping.dataset);
                let stored = stored.map_err(|error| match error {
                    // Of a circle each part would be told many times.
                    Error::Hdf5(Hdf5Error { reason, .. }) if reason.ends_with(CIRCLE) => reason,
                    Error::Hdf5(Hdf5Error { reason, .. }) => of_source(reason),
                    other => of_source(other.to_string()),
                })?;
                self.assembly.sources.push(stored);
                Ok(Some(self.assembly.sources.len() - 1))
            }
        }
    }
}

/// The end of a selection that takes of an axis whatever there is.
const UNLIMITED: usize = usize::MAX;

impl VirtualMapping {
    /// Refuses a mapping that is left to libhdf5 and selects more of its source, of this shape,
    /// than there is: the library reads beyond it, and may crash.
    fn check_within(&self, path: &Path, shape: &[usize]) -> Result<(), String> {
        let is_within = self.source_end.len() != shape.len()
            || self.source_end.iter().zip(shape).all(|(end, len)| end <= len || *end == UNLIMITED);
        match is_within || shape.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "its source {:?} in {} has shape {shape:?}, but the virtual data set takes from it as far as \
                 {:?}: write the one again with what the other has",
                self.dataset,
                path.display(),
                self.source_end
            )),
        }
    }
}

/// The numbers of the mappings.
fn count(properties: &DatasetCreate) -> Result<std::ops::Range<usize>, String> {
    let mut count = 0;
    sync(|| {
        // SAFETY: the handle is that of such properties, and the lock is held.
        h5check(unsafe { h5p::H5Pget_virtual_count(properties.id(), &raw mut count) })
    })
    .map_err(|error| file::explain(&error))?;
    Ok(0..count)
}

/// Reads a mapping.
fn read(properties: &DatasetCreate, number: usize) -> Result<VirtualMapping, String> {
    let id = properties.id();
    let read = sync(|| -> hdf5_metno::Result<VirtualMapping> {
        // SAFETY: the handle is that of such properties, the number that of a mapping, and the
        // lock is held; the library is asked for the length of each text before the text.
        let (file, dataset) = unsafe {
            let file = text(|into, len| h5p::H5Pget_virtual_filename(id, number, into, len))?;
            let dataset = text(|into, len| h5p::H5Pget_virtual_dsetname(id, number, into, len))?;
            (file, dataset)
        };
        // SAFETY: the handle is that of such properties, the number that of a mapping, and the lock
        // is held; the new handles are owned by nobody else.
        let (whole, source): (Dataspace, Dataspace) = unsafe {
            let whole = h5check(h5p::H5Pget_virtual_vspace(id, number))?;
            let whole = hdf5_metno::from_id(whole)?;
            let source = h5check(h5p::H5Pget_virtual_srcspace(id, number))?;
            (whole, hdf5_metno::from_id(source)?)
        };
        let blocks = selected(&whole)?.zip(selected(&source)?);
        Ok(VirtualMapping { file, dataset, blocks, source_end: end(&source) })
    });
    read.map_err(|error| file::explain(&error))
}

/// Where what is selected of a space ends along each axis, under the lock; empty where it has no
/// end.
fn end(space: &Dataspace) -> Vec<usize> {
    let ndim = space.ndim();
    if ndim > MAX_RANK {
        return Vec::new();
    }
    let (mut first, mut last) = ([0; MAX_RANK], [0; MAX_RANK]);
    let (into, last_into) = (first.as_mut_ptr(), last.as_mut_ptr());
    // SAFETY: the handle is that of a space, the lock is held, and the space has no more axes than
    // the arrays have room for.
    let told = unsafe { h5s::H5Sget_select_bounds(space.id(), into, last_into) };
    match told < 0 {
        true => Vec::new(),
        false => last[..ndim].iter().map(|&last| (last as usize).saturating_add(1)).collect(),
    }
}

/// A text that the library copies: called without a place for it, it tells the length.
fn text(copy: impl Fn(*mut std::ffi::c_char, usize) -> isize) -> hdf5_metno::Result<String> {
    let len = usize::try_from(copy(std::ptr::null_mut(), 0)).map_err(|_| "a text is missing")?;
    let mut bytes = vec![0_u8; len + 1];
    usize::try_from(copy(bytes.as_mut_ptr().cast(), len + 1)).map_err(|_| "a text is missing")?;
    bytes.truncate(len);
    String::from_utf8(bytes).map_err(|_| "a name that is no UTF-8".into())
}

/// What is selected along each axis of a space, under the lock; `None` if that is something else
/// than equal blocks.
fn selected(space: &Dataspace) -> hdf5_metno::Result<Option<Vec<SelectedBlocks>>> {
    let shape = space.shape();
    let id: h5i::hid_t = space.id();
    // SAFETY: the handle is that of a space, and the lock is held.
    match unsafe { h5s::H5Sget_select_type(id) } {
        H5S_sel_type::H5S_SEL_ALL => {
            return Ok(Some(shape.iter().map(|&len| SelectedBlocks::all(len)).collect()));
        }
        // SAFETY: the handle is that of a space, and the lock is held.
        H5S_sel_type::H5S_SEL_HYPERSLABS if unsafe { h5s::H5Sis_regular_hyperslab(id) } > 0 => {}
        _ => return Ok(None),
    }
    if shape.len() > MAX_RANK {
        return Ok(None);
    }
    let (mut start, mut stride) = ([0; MAX_RANK], [0; MAX_RANK]);
    let (mut count, mut block) = ([0; MAX_RANK], [0; MAX_RANK]);
    // SAFETY: the handle is that of a space, the lock is held, and the space has no more axes than
    // the arrays have room for.
    h5check(unsafe {
        h5s::H5Sget_regular_hyperslab(
            id,
            start.as_mut_ptr(),
            stride.as_mut_ptr(),
            count.as_mut_ptr(),
            block.as_mut_ptr(),
        )
    })?;
    let along = |axis: usize| {
        let has_no_end = [count[axis], block[axis]].contains(&H5S_UNLIMITED);
        // Of what has no end only one block after the other is understood.
        if has_no_end && block[axis] != H5S_UNLIMITED && block[axis] != stride[axis] {
            return None;
        }
        let number = |number: u64| usize::try_from(number).ok();
        Some(SelectedBlocks {
            start: number(start[axis])?,
            stride: number(stride[axis])?,
            count: if has_no_end { None } else { Some(number(count[axis])?) },
            block: number(block[axis])?,
        })
    };
    Ok((0..shape.len()).map(along).collect())
}
