//! What lies where in a file: paths and links, groups and data sets.

use hdf5_metno::{File, Group, LinkType, LocationToken, LocationType};

use crate::error::SourceError;
use crate::hdf5::guards::check_links;

/// Whether there is something at a path of which any part may be missing.
///
/// # Errors
/// If a link on the way leads into another file that can't be read.
pub(super) fn exists(file: &File, path: &str) -> Result<bool, SourceError> {
    check_links(file, path)?;
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    Ok(ends.into_iter().all(|end| file.link_exists(&path[..end])))
}

/// The names of what is in a group, whatever it is.
pub(super) fn names_in(group: &Group) -> Result<Vec<String>, SourceError> {
    let mut names = Vec::new();
    group.iter_visit_default(|name, _| {
        names.push(name.to_owned());
        Ok(())
    })?;
    Ok(names)
}

/// Whether what is at a path is a soft link.
pub(super) fn is_soft_link(file: &File, path: &str) -> bool {
    let (parent, last) = path.rsplit_once('/').unwrap_or(("/", path));
    let mut is_soft = false;
    let visited = file.group(parent).and_then(|group| {
        group.iter_visit_default(|name, info| {
            is_soft |= name == last && info.link_type == LinkType::Soft;
            Ok(())
        })
    });
    visited.is_ok() && is_soft
}

/// The names of all data sets below a group, with dots between their parts; each data set once.
pub(super) fn keys_below(group: &Group) -> Result<Vec<String>, SourceError> {
    let mut seen = Vec::new();
    let mut keys = Vec::new();
    visit(group, "", &mut seen, &mut keys)?;
    Ok(keys)
}

fn visit(
    group: &Group,
    before: &str,
    seen: &mut Vec<LocationToken>,
    keys: &mut Vec<String>,
) -> Result<(), SourceError> {
    let mut names = Vec::new();
    group.iter_visit_default(|name, info| {
        if info.link_type == LinkType::Hard {
            names.push(name.to_owned());
        }
        Ok(())
    })?;
    for name in names {
        // What can't be looked at is listed: why is told to those who open it.
        let Ok(info) = group.loc_info_by_name(&name) else {
            keys.push(format!("{before}{name}"));
            continue;
        };
        if info.num_links > 1 {
            if seen.contains(&info.token) {
                continue;
            }
            seen.push(info.token);
        }
        match info.loc_type {
            LocationType::Group => match group.group(&name) {
                Ok(group) => visit(&group, &format!("{before}{name}."), seen, keys)?,
                Err(_) => keys.push(format!("{before}{name}")),
            },
            LocationType::Dataset => keys.push(format!("{before}{name}")),
            _ => {}
        }
    }
    Ok(())
}
