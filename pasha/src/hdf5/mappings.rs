//! Virtual data sets: what they are made of, where that can be said in boxes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use hdf5_metno::plist::DatasetCreate;
use hdf5_metno::sync::sync;
use hdf5_metno::{Dataspace, h5check};
use hdf5_metno_sys::h5s::{self, H5S_UNLIMITED, H5S_sel_type};
use hdf5_metno_sys::{h5i, h5p};

use super::assembly::{Assembly, Piece, Span};
use super::file;
use super::links::{self, Found};
use super::region::MAX_RANK;
use super::stored::Stored;
use super::types::StoredType;
use crate::error::Error;

/// The most boxes that a virtual data set is taken apart into.
const MOST_PIECES: usize = 1 << 20;

/// Describes a source that was found for a path and a name.
type Describe<'a> = dyn Fn(Found, &Path, &str) -> Result<Stored, Error> + 'a;

/// What a virtual data set is made of.
#[derive(Debug)]
pub(super) enum Sources {
    /// Boxes of other data sets.
    Boxes(Assembly),
    /// Something that is left to libhdf5; with the folder in which it finds the files, if the
    /// program must stay in it.
    Other { working_folder: Option<PathBuf> },
}

/// A mapping as the file has it.
struct Mapping {
    file: String,
    dataset: String,
    /// What is selected along each axis of the virtual data set, and of the source; all where there
    /// is no axis.
    whole: Vec<Selected>,
    source: Vec<Selected>,
}

/// What is selected along one axis: `count` blocks, one every `stride` indices. Without a count
/// there are as many as there is room for.
#[derive(Debug, Clone, Copy)]
struct Selected {
    start: usize,
    stride: usize,
    count: Option<usize>,
    block: usize,
    /// The length of the axis, if all of it is selected.
    all: Option<usize>,
}

/// Finds out what a virtual data set, of this shape and type in the file at `path`, is made of.
/// `fill` is the element where there is nothing; `describe` describes a source.
pub(super) fn sources(
    path: &Path,
    properties: &DatasetCreate,
    kind: &StoredType,
    shape: &[usize],
    fill: Vec<u8>,
    describe: &Describe<'_>,
) -> Result<Sources, String> {
    let mut found = Finder {
        path,
        describe,
        known: HashMap::new(),
        assembly: Assembly { sources: Vec::new(), pieces: Vec::new(), fill },
        working_folder: None,
    };
    let mut are_boxes = !shape.is_empty();
    for mapping in count(properties)? {
        // Without its parts the rest is looked through for the folder.
        match read(properties, mapping)? {
            Some(mapping) => are_boxes &= found.add(&mapping, kind, shape, are_boxes)?,
            None => are_boxes = false,
        }
    }
    match are_boxes {
        true => Ok(Sources::Boxes(found.assembly)),
        false => Ok(Sources::Other { working_folder: found.working_folder }),
    }
}

/// The sources that were found so far.
struct Finder<'a> {
    path: &'a Path,
    describe: &'a Describe<'a>,
    /// By file and data set: the number of the source, if it is there.
    known: HashMap<(String, String), Option<usize>>,
    assembly: Assembly,
    working_folder: Option<PathBuf>,
}

impl Finder<'_> {
    /// Adds the boxes of a mapping, and returns whether it is made of such.
    fn add(
        &mut self,
        mapping: &Mapping,
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
            return Ok(false);
        }
        let most = MOST_PIECES - self.assembly.pieces.len();
        let boxes = boxes(&mapping.whole, shape, &mapping.source, &source.shape, most);
        let Some(boxes) = boxes else { return Ok(false) };
        let piece = |(spans, from)| Piece { source: number, spans, from };
        self.assembly.pieces.extend(boxes.into_iter().map(piece));
        Ok(true)
    }

    /// Finds and describes a source; `None` if it is not there.
    fn find(&mut self, mapping: &Mapping, is_read: bool) -> Result<Option<usize>, String> {
        let path = match mapping.file.as_str() {
            "." => self.path.to_owned(),
            name => match file::named_by(self.path, name, "HDF5_VDS_PREFIX") {
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
                    Error::Hdf5 { reason, .. } => of_source(reason),
                    other => of_source(other.to_string()),
                })?;
                self.assembly.sources.push(stored);
                Ok(Some(self.assembly.sources.len() - 1))
            }
        }
    }
}

/// The places of a box, along the axes of the whole, and where it starts in the source.
type Placed = (Vec<Span>, Vec<usize>);

/// Takes a mapping apart into boxes, at most so many; `None` if it can't be, or what it selects is
/// not there.
fn boxes(
    whole: &[Selected],
    shape: &[usize],
    source: &[Selected],
    source_shape: &[usize],
    most: usize,
) -> Option<Vec<Placed>> {
    // Where all is selected the file does not say how much that was.
    let all = |shape: &[usize]| shape.iter().map(|&len| Selected::all(len)).collect::<Vec<_>>();
    let [whole, source] = [(whole, shape), (source, source_shape)].map(|(selected, shape)| {
        if selected.is_empty() { all(shape) } else { selected.to_owned() }
    });
    if whole.len() != shape.len() || source.len() != source_shape.len() {
        return None;
    }
    let source_runs: Vec<Vec<(usize, usize)>> = source
        .iter()
        .zip(source_shape)
        .map(|(selected, &len)| selected.runs(len, None))
        .collect::<Option<_>>()?;
    let total = |runs: &[(usize, usize)]| runs.iter().map(|&(_, len)| len).sum::<usize>();
    // As much of what is without an end as the source has.
    let endless = source.iter().position(|selected| selected.count.is_none());
    let endless = endless.map(|axis| total(&source_runs[axis]));
    let whole_runs: Vec<Vec<(usize, usize)>> = whole
        .iter()
        .zip(shape)
        .map(|(selected, &len)| selected.runs(len, endless))
        .collect::<Option<_>>()?;
    let counts: Vec<usize> = whole_runs.iter().map(|runs| total(runs)).collect();
    let source_counts: Vec<usize> = source_runs.iter().map(|runs| total(runs)).collect();
    if counts.contains(&0) || source_counts.contains(&0) {
        return (counts.contains(&0) && source_counts.contains(&0)).then(Vec::new);
    }
    let axes = matching_axes(&counts, &source_counts)?;
    // Along each axis of the whole: where a segment starts, in the source, and how long it is.
    let along: Vec<Vec<(usize, usize, usize)>> = whole_runs
        .iter()
        .zip(&axes)
        .map(|(runs, axis)| segments(runs, axis.map_or(&[(0, 1)][..], |axis| &source_runs[axis])))
        .collect();
    let num_boxes = along.iter().try_fold(1_usize, |n, along| n.checked_mul(along.len()))?;
    if num_boxes > most {
        return None;
    }
    let first: Vec<usize> = source_runs.iter().map(|runs| runs[0].0).collect();
    let boxes = (0..num_boxes).map(|number| {
        let mut rest = number;
        let mut from = first.clone();
        let mut spans = vec![Span { start: 0, len: 1, axis: None }; shape.len()];
        for at in (0..shape.len()).rev() {
            let (start, start_in_source, len) = along[at][rest % along[at].len()];
            rest /= along[at].len();
            spans[at] = Span { start, len, axis: axes[at] };
            if let Some(axis) = axes[at] {
                from[axis] = start_in_source;
            }
        }
        (spans, from)
    });
    Some(boxes.collect())
}

/// Which axis of the source lies along each of the whole, given how many indices are selected along
/// each.
fn matching_axes(whole: &[usize], source: &[usize]) -> Option<Vec<Option<usize>>> {
    if whole == source {
        return Some((0..whole.len()).map(Some).collect());
    }
    // An axis of one index may be missing on either side.
    let mut left = (0..source.len()).filter(|&axis| source[axis] != 1);
    let axes: Option<Vec<Option<usize>>> = whole
        .iter()
        .map(|&count| match count {
            1 => Some(None),
            count => left.next().filter(|&axis| source[axis] == count).map(Some),
        })
        .collect();
    axes.filter(|_| left.next().is_none())
}

/// Where runs of one axis, and of another of the same total length, begin together.
fn segments(whole: &[(usize, usize)], source: &[(usize, usize)]) -> Vec<(usize, usize, usize)> {
    let mut segments = Vec::new();
    let mut source = source.iter().copied();
    let mut left = (0, 0);
    for &(mut start, mut len) in whole {
        while len > 0 {
            if left.1 == 0 {
                let Some(next) = source.next() else { return segments };
                left = next;
            }
            let both = len.min(left.1);
            segments.push((start, left.0, both));
            (start, len) = (start + both, len - both);
            left = (left.0 + both, left.1 - both);
        }
    }
    segments
}

impl Selected {
    /// All of an axis of this length.
    fn all(len: usize) -> Selected {
        Selected { start: 0, stride: 1, count: Some(1), block: len, all: Some(len) }
    }

    /// The runs of indices, as start and length, of an axis this long; at most `most` indices of a
    /// selection without an end. `None` if it reaches beyond the axis, or has an end that is not
    /// known.
    fn runs(&self, len: usize, most: Option<usize>) -> Option<Vec<(usize, usize)>> {
        if self.all.is_some_and(|all| all != len) {
            return None;
        }
        let Some(count) = self.count else {
            let room = len.saturating_sub(self.start);
            return Some(vec![(self.start, most.map_or(room, |most| most.min(room)))]);
        };
        if count == 0 || self.block == 0 {
            return Some(Vec::new());
        }
        let last = self.stride.checked_mul(count - 1)?.checked_add(self.start)?;
        if last.checked_add(self.block)? > len || count > MOST_PIECES {
            return None;
        }
        if count == 1 || self.stride == self.block {
            return Some(vec![(self.start, count * self.block)]);
        }
        Some((0..count).map(|at| (self.start + at * self.stride, self.block)).collect())
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

/// Reads a mapping; `None` if it selects something else than equal blocks.
fn read(properties: &DatasetCreate, number: usize) -> Result<Option<Mapping>, String> {
    let id = properties.id();
    let read = sync(|| -> hdf5_metno::Result<Option<Mapping>> {
        // SAFETY: the handle is that of such properties, the number that of a mapping, and the
        // lock is held; the library is asked for the length of each text before the text.
        let (file, dataset) = unsafe {
            let file = text(|into, len| h5p::H5Pget_virtual_filename(id, number, into, len))?;
            let dataset = text(|into, len| h5p::H5Pget_virtual_dsetname(id, number, into, len))?;
            (file, dataset)
        };
        // SAFETY: as for the texts; the new handles are owned by nobody else.
        let (whole, source): (Dataspace, Dataspace) = unsafe {
            let whole = h5check(h5p::H5Pget_virtual_vspace(id, number))?;
            let whole = hdf5_metno::from_id(whole)?;
            let source = h5check(h5p::H5Pget_virtual_srcspace(id, number))?;
            (whole, hdf5_metno::from_id(source)?)
        };
        let selected = (selected(&whole)?, selected(&source)?);
        let (Some(whole), Some(source)) = selected else { return Ok(None) };
        Ok(Some(Mapping { file, dataset, whole, source }))
    });
    read.map_err(|error| file::explain(&error))
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
fn selected(space: &Dataspace) -> hdf5_metno::Result<Option<Vec<Selected>>> {
    let shape = space.shape();
    let id: h5i::hid_t = space.id();
    // SAFETY: the handle is that of a space, and the lock is held.
    match unsafe { h5s::H5Sget_select_type(id) } {
        H5S_sel_type::H5S_SEL_ALL => {
            return Ok(Some(shape.iter().map(|&len| Selected::all(len)).collect()));
        }
        // SAFETY: as above.
        H5S_sel_type::H5S_SEL_HYPERSLABS if unsafe { h5s::H5Sis_regular_hyperslab(id) } > 0 => {}
        _ => return Ok(None),
    }
    if shape.len() > MAX_RANK {
        return Ok(None);
    }
    let (mut start, mut stride) = ([0; MAX_RANK], [0; MAX_RANK]);
    let (mut count, mut block) = ([0; MAX_RANK], [0; MAX_RANK]);
    // SAFETY: as above, and of its axes there are no more than the arrays have room for.
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
        Some(Selected {
            start: number(start[axis])?,
            stride: number(stride[axis])?,
            count: if has_no_end { None } else { Some(number(count[axis])?) },
            block: number(block[axis])?,
            all: None,
        })
    };
    Ok((0..shape.len()).map(along).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(start: usize, stride: usize, count: usize, block: usize) -> Selected {
        Selected { start, stride, count: Some(count), block, all: None }
    }

    /// Where each box lies in the whole and in the source, and its shape.
    fn found(
        whole: &[Selected],
        shape: &[usize],
        source: &[Selected],
        source_shape: &[usize],
    ) -> Option<Vec<[Vec<usize>; 3]>> {
        let boxes = boxes(whole, shape, source, source_shape, 100)?;
        let place = |(spans, from): Placed| {
            let starts = spans.iter().map(|span| span.start).collect();
            [starts, from, spans.iter().map(|span| span.len).collect()]
        };
        Some(boxes.into_iter().map(place).collect())
    }

    #[test]
    fn mappings_are_taken_apart_into_boxes() {
        let all = [Selected::all(4), Selected::all(3)];
        let later = [slab(2, 1, 1, 4), slab(0, 1, 1, 3)];
        assert_eq!(
            found(&later, &[8, 3], &all, &[4, 3]),
            Some(vec![[vec![2, 0], vec![0, 0], vec![4, 3]]])
        );
        // Every other row of the whole, from pairs of rows.
        let every_other = [slab(1, 2, 4, 1), slab(0, 1, 1, 3)];
        let pairs = [slab(0, 3, 2, 2), Selected::all(3)];
        assert_eq!(
            found(&every_other, &[8, 3], &pairs, &[5, 3]),
            Some(vec![
                [vec![1, 0], vec![0, 0], vec![1, 3]],
                [vec![3, 0], vec![1, 0], vec![1, 3]],
                [vec![5, 0], vec![3, 0], vec![1, 3]],
                [vec![7, 0], vec![4, 0], vec![1, 3]],
            ])
        );
        // An axis that the source does not have.
        let module = [slab(0, 1, 1, 4), slab(1, 1, 1, 1), slab(0, 1, 1, 3)];
        assert_eq!(
            found(&module, &[4, 2, 3], &all, &[4, 3]),
            Some(vec![[vec![0, 1, 0], vec![0, 0], vec![4, 1, 3]]])
        );
        // Other shapes than were written down, or of other axes.
        assert_eq!(found(&later, &[8, 3], &all, &[5, 3]), None);
        assert_eq!(found(&later, &[5, 3], &all, &[4, 3]), None);
        assert_eq!(found(&later, &[8, 3], &[Selected::all(12)], &[12]), None);
    }

    #[test]
    fn selections_without_an_end_are_as_long_as_the_source() {
        let endless = Selected { start: 0, stride: 1, count: None, block: 1, all: None };
        assert_eq!(
            found(&[slab(1, 1, 1, 1), endless], &[3, 7], &[endless], &[6]),
            Some(vec![[vec![1, 0], vec![0], vec![1, 6]]])
        );
        assert_eq!(found(&[endless], &[7], &[slab(0, 1, 1, 5)], &[6]), None);
    }
}
