//! What to say of a path that is not there: the nearest that are.

use hdf5_metno::{File, Group, LinkType, LocationType};

use crate::nearest::nearest;

/// The most objects that are looked at in search of a name.
const MOST_OBJECTS: usize = 5000;

/// Says what is at or near the path of a data set that can't be opened; `None` if it is there.
pub(super) fn missing(file: &File, name: &str) -> Option<String> {
    // The root group has no name of its own.
    let here = if name.trim_matches('/').is_empty() { "/" } else { name };
    match file.loc_type_by_name(here).ok() {
        Some(LocationType::Dataset) => return None,
        Some(LocationType::Group) => {
            let mut found = Vec::new();
            if let Ok(group) = file.group(here) {
                data_sets(&group, name.trim_matches('/'), &mut found, &mut 0);
            }
            let what = "it is a group, not a data set";
            return Some(match &found[..] {
                [] => format!("{what}, and holds none"),
                found => {
                    let names = nearest(name, found.iter().map(String::as_str));
                    format!("{what}; give one in it: {names}")
                }
            });
        }
        Some(_) => return Some("it is a type, not a data set".to_owned()),
        None => {}
    }
    let mut found = Vec::new();
    data_sets(file, "", &mut found, &mut 0);
    if found.is_empty() {
        return Some("there is no such data set, nor any other in the file".to_owned());
    }
    let names = nearest(name, found.iter().map(String::as_str));
    Some(format!("there is no such data set; {names}"))
}

/// Collects the paths of the data sets below a group, breadth after depth. Links are among them,
/// but are not followed: they may lead in circles, or into something else than a regular file.
fn data_sets(group: &Group, path: &str, found: &mut Vec<String>, seen: &mut usize) {
    let mut members = Vec::new();
    let visited = group.iter_visit_default(|name, info| {
        members.push((name.to_owned(), info.link_type == LinkType::Hard));
        Ok(())
    });
    if visited.is_err() {
        return;
    }
    for (member, is_here) in members {
        *seen += 1;
        if *seen > MOST_OBJECTS || path.len() > 1000 {
            return;
        }
        let full = if path.is_empty() { member.clone() } else { format!("{path}/{member}") };
        let kind = is_here.then(|| group.loc_type_by_name(&member).ok()).flatten();
        match kind {
            Some(LocationType::Dataset) => found.push(full),
            Some(LocationType::Group) => {
                if let Ok(group) = group.group(&member) {
                    data_sets(&group, &full, found, seen);
                }
            }
            None if !is_here => found.push(full),
            _ => {}
        }
    }
}
