//! The names that somebody may have meant.

/// How many names a message shows.
const SHOWN: usize = 3;

/// The names that are most like the one given, as a phrase.
///
/// They may be paths: then their last parts count as much as the whole.
pub(crate) fn nearest<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<(f64, &str)> =
        names.into_iter().map(|name| (likeness(given, name), name)).collect();
    if names.is_empty() {
        return "there is none".to_owned();
    }
    let all = names.len();
    names.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    names.truncate(SHOWN);
    let quoted: Vec<String> = names.iter().map(|(_, name)| format!("\"{name}\"")).collect();
    let shown = quoted.join(", ");
    match all {
        1 => format!("there is {shown}"),
        _ if all <= SHOWN => format!("there are {shown}"),
        _ => format!("the nearest of {all} are {shown}"),
    }
}

/// How much two names or paths are alike, capital letters or not.
fn likeness(one: &str, other: &str) -> f64 {
    let (one, other) = (one.trim_matches('/').to_lowercase(), other.to_lowercase());
    fn last(path: &str) -> &str {
        path.rsplit('/').next().unwrap_or_default()
    }
    strsim::normalized_levenshtein(&one, &other)
        + strsim::normalized_levenshtein(last(&one), last(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first() {
        assert_eq!(nearest("tme", []), "there is none");
        assert_eq!(nearest("tme", ["x"]), "there is \"x\"");
        assert_eq!(nearest("tme", ["x", "Time"]), "there are \"Time\", \"x\"");
        let of_four = nearest("tme", ["xxxxx", "y", "time", "item"]);
        assert!(of_four.starts_with("the nearest of 4 are \"time\", \"item\""), "{of_four}");
    }

    #[test]
    fn the_last_part_of_a_path_counts() {
        let found = ["entry/data/frames", "entry/data/blank", "entry/title"];
        for wanted in ["entry/data/frame", "frames", "/entry/Data/Frames", "data/frames"] {
            let nearest = nearest(wanted, found);
            assert!(nearest.starts_with("there are \"entry/data/frames\""), "{wanted}: {nearest}");
        }
    }
}
