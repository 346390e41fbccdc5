//! What to say of a path that is not there: the nearest that are.

use hdf5_metno::{File, Group, LocationType};

/// The most objects that are looked at in search of a name.
const MOST_OBJECTS: usize = 5000;
/// The most names that are told.
const MOST_NAMES: usize = 3;

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
                found => format!("{what}; give one in it: {}", list(found.iter().take(MOST_NAMES))),
            });
        }
        Some(_) => return Some("it is a type, not a data set".to_owned()),
        None => {}
    }
    let mut found = Vec::new();
    data_sets(file, "", &mut found, &mut 0);
    let Some(nearest) = nearest(name, &found) else {
        return Some("there is no such data set, nor any other in the file".to_owned());
    };
    Some(format!("there is no such data set; the nearest are {nearest}"))
}

/// The names that are most like the wanted one.
fn nearest(wanted: &str, found: &[String]) -> Option<String> {
    let wanted = wanted.trim_matches('/').to_lowercase();
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let likeness = |path: &String| {
        let whole = strsim::normalized_levenshtein(&wanted, &path.to_lowercase());
        whole + strsim::normalized_levenshtein(&last(&wanted), &last(path))
    };
    let mut ranked: Vec<_> = found.iter().map(|path| (likeness(path), path)).collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.first()?;
    Some(list(ranked.into_iter().take(MOST_NAMES).map(|(_, path)| path)))
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// Collects the paths of the data sets below a group, breadth after depth, without following links
/// in circles for ever.
fn data_sets(group: &Group, path: &str, found: &mut Vec<String>, seen: &mut usize) {
    let Ok(members) = group.member_names() else { return };
    for member in members {
        *seen += 1;
        if *seen > MOST_OBJECTS || path.len() > 1000 {
            return;
        }
        let full = if path.is_empty() { member.clone() } else { format!("{path}/{member}") };
        match group.loc_type_by_name(&member) {
            Ok(LocationType::Dataset) => found.push(full),
            Ok(LocationType::Group) => {
                if let Ok(group) = group.group(&member) {
                    data_sets(&group, &full, found, seen);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first() {
        let found = ["entry/data/frames", "entry/data/blank", "entry/title"].map(String::from);
        for wanted in ["entry/data/frame", "frames", "/entry/Data/Frames", "data/frames"] {
            let nearest = nearest(wanted, &found).unwrap();
            assert!(nearest.starts_with("\"entry/data/frames\""), "{wanted}: {nearest}");
        }
        assert_eq!(nearest("x", &[]), None);
    }
}
