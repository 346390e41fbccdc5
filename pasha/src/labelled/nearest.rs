//! The names that somebody may have meant.

/// How many names a message shows.
const SHOWN: usize = 3;

/// The names that are nearest to the one given, as a phrase.
pub(super) fn nearest<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() {
        return "there is none".to_owned();
    }
    let all = names.len();
    names.sort_by_cached_key(|name| distance(given, name));
    names.truncate(SHOWN);
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let shown = quoted.join(", ");
    if all > SHOWN {
        format!("the nearest of {all} are {shown}")
    } else {
        format!("there are {shown}")
    }
}

/// The number of letters to insert, delete or replace, capital or not.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        assert_eq!(distance("kitten", "Sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn the_nearest_come_first() {
        assert_eq!(nearest("tme", ["x", "y", "time"]), "there are \"time\", \"x\", \"y\"");
        assert_eq!(
            nearest("tme", ["xxxxx", "y", "time", "z"]),
            "the nearest of 4 are \"time\", \"y\", \"z\""
        );
    }
}
