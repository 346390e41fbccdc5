//! The filters of the data sets that a virtual one is made of, which libhdf5 has to undo where it
//! reads the virtual one.

use std::collections::HashSet;
use std::path::Path;

use hdf5_metno::Dataset;
use hdf5_metno::dataset::Layout;

use super::{Pipeline, registry};
use crate::hdf5::file::named_by;
use crate::hdf5::library;
use crate::hdf5::mappings::SOURCES_PREFIX;

/// The most parts that are looked at: those of a series have the same filters.
const MOST_PARTS: usize = 16;

/// How deep virtual data sets within virtual ones are looked at.
const MOST_LEVELS: usize = 3;

/// Says why libhdf5 can't read a virtual data set in the file at `path`, if a part of it has a
/// filter without a plugin.
pub(in crate::hdf5) fn missing_in_parts(path: &Path, dataset: &Dataset) -> Option<String> {
    look(path, dataset, MOST_LEVELS)
}

fn look(path: &Path, dataset: &Dataset, levels: usize) -> Option<String> {
    let properties = dataset.dcpl().ok()?;
    let mut seen = HashSet::new();
    for (file, name) in library::virtual_parts(&properties) {
        // Files and data sets may be numbered by blocks, which count from 0.
        let [file, name] = [file, name].map(|name| name.replace("%b", "0"));
        // Of files that are not there libhdf5 tells.
        let found = (file != ".").then(|| named_by(path, &file, SOURCES_PREFIX));
        let Ok(file) = found.map_or(Ok(path.to_owned()), |named| named.map(|it| it.path)) else {
            continue;
        };
        if seen.len() == MOST_PARTS {
            break;
        }
        if !seen.insert((file.clone(), name.clone())) {
            continue;
        }
        // Parts that are not there are libhdf5's to judge.
        let opened = hdf5_metno::File::open(&file).and_then(|file| file.dataset(&name));
        let Ok(part) = opened else { continue };
        if let Some(missing) = missing(&part) {
            let mut text = format!("its part {name:?} of {}: {missing}", file.display());
            if library::filters(&part).is_ok_and(|filters| Pipeline::new(&filters).is_some()) {
                text += "; or open the parts instead, which pasha decompresses itself: each with \
                         Hdf5Dataset::open, or all with Hdf5Dataset::open_series";
            }
            return Some(text);
        }
        let is_virtual = || part.dcpl().is_ok_and(|list| list.layout() == Layout::Virtual);
        if levels > 0
            && is_virtual()
            && let Some(missing) = look(&file, &part, levels - 1)
        {
            return Some(missing);
        }
    }
    None
}

/// Says which filter of a data set libhdf5 does not have.
pub(in crate::hdf5) fn missing(dataset: &Dataset) -> Option<String> {
    let number = library::missing_filter(&library::filters(dataset).ok()?)?;
    Some(format!("its chunks have passed {}", registry::missing(number)))
}
