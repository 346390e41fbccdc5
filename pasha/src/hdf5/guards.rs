//! What libhdf5 must not be let open: at a FIFO or a device it would wait, or block its lock.
//!
//! Data sets that are read by workers are described source by source, and each file is looked at
//! then. What other modules read through the library alone is looked at here before.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use hdf5_metno::dataset::Layout;
use hdf5_metno::{Dataset, File, Group, LinkType, LocationToken, LocationType};

use super::file::explain;
use super::{external, file, links, mappings};

/// Opens a data set of which all is read at once: neither links nor where its elements lie lead to
/// something else than a regular file.
///
/// # Errors
/// If one of them does, or there is no such data set, with the reason.
pub(crate) fn open_dataset(group: &Group, path: &str) -> Result<Dataset, String> {
    let file = group.file().map_err(|error| explain(&error))?;
    check_links(&file, &format!("{}/{path}", group.name()))?;
    let dataset = group.dataset(path).map_err(|error| explain(&error))?;
    let at = file::absolute(Path::new(&dataset.filename()));
    check_storage(&at, &dataset, &mut HashSet::new())?;
    Ok(dataset)
}

/// Refuses a path on which a link leads into another file that is not there, or is no regular file.
///
/// # Errors
/// With the link and the file.
pub(crate) fn check_links(file: &File, path: &str) -> Result<(), String> {
    if !links::leads_out(file, path) {
        return Ok(());
    }
    let at = file::absolute(Path::new(&file.filename()));
    links::follow(&at, path).map(drop).map_err(|broken| broken.reason)
}

/// Refuses a file in which any link leads into another that is there, but is no regular file: of
/// who opens all that is in a file. One that is no HDF5 file has no links.
///
/// # Errors
/// With the link and the file.
pub(crate) fn check_all_links(path: &Path) -> Result<(), String> {
    match file::open(path) {
        Ok((file, _)) => check_links_below(&file, &file, &mut Vec::new()),
        Err(_) => Ok(()),
    }
}

fn check_links_below(
    file: &File,
    group: &Group,
    seen: &mut Vec<LocationToken>,
) -> Result<(), String> {
    let mut members = Vec::new();
    let visited = group.iter_visit_default(|name, info| {
        members.push((name.to_owned(), info.link_type));
        Ok(())
    });
    visited.map_err(|error| explain(&error))?;
    for (name, kind) in members {
        let path = format!("{}/{name}", group.name().trim_end_matches('/'));
        if kind == LinkType::External {
            links::check_external(file, &path)?;
        }
        let info = (kind == LinkType::Hard).then(|| group.loc_info_by_name(&name).ok()).flatten();
        let Some(info) = info.filter(|info| info.loc_type == LocationType::Group) else { continue };
        if info.num_links > 1 {
            if seen.contains(&info.token) {
                continue;
            }
            seen.push(info.token);
        }
        if let Ok(inner) = group.group(&name) {
            check_links_below(file, &inner, seen)?;
        }
    }
    Ok(())
}

/// Refuses a data set whose elements lie in files of which one is no regular file; `seen` are those
/// that were looked at.
fn check_storage(
    path: &Path,
    dataset: &Dataset,
    seen: &mut HashSet<(PathBuf, String)>,
) -> Result<(), String> {
    let properties = dataset.dcpl().map_err(|error| explain(&error))?;
    external::check_files(&properties.get_external().unwrap_or_default(), path)?;
    if properties.get_layout().map_err(|error| explain(&error))? != Layout::Virtual
        || !seen.insert((path.to_owned(), dataset.name()))
    {
        return Ok(());
    }
    mappings::check_files(path, &properties)?;
    for (source, name) in mappings::sources_by_name(path, &properties)? {
        let found = links::follow(&source, &name).ok();
        if let Some(found) = found
            && let Ok(dataset) = found.file.dataset(&found.name)
        {
            check_storage(&found.path, &dataset, seen)?;
        }
    }
    Ok(())
}
