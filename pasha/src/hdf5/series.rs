//! Series: files, or members of a group, whose data sets are one after the other.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use hdf5_metno::File;

use super::file::explain;
use super::pieces::{Piece, PieceExtent};
use super::stored::{Assembly, Storage, Stored};
use super::types::StoredType;
use crate::error::{Error, Hdf5Error, Result};

/// What the members of a group are called that are the parts of a series, before their numbers:
/// Eiger detectors write `entry/data/data_000001` and so on into their master files.
const PART: &str = "data_";

/// The files of a series: a pattern such as `"run_*.h5"`, or paths.
///
/// In a pattern `*` stands for any characters but `/`, `?` for one, `[…]` for one of these, and
/// `**` for any folders. The files that match are sorted by their names, in which a number counts
/// as such: `data_2.h5` comes before `data_10.h5`. Paths that are given one by one keep their
/// order.
///
/// Where the names that match end in `data_` and a number, as those of an Eiger detector's files
/// do, and a number between them is missing, that is an error: without that file all later frames
/// would be at other indices. Paths that are given one by one may leave some out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name the files of a series",
    label = "neither a pattern nor paths",
    note = "give a pattern (`&str`, `String`, `&Path`, `PathBuf`), or a slice, an array or a `Vec` of paths"
)]
pub trait SeriesFiles: sealed::NamesFiles {
    /// The paths.
    #[doc(hidden)]
    fn files(self, dataset: &str) -> Result<Vec<PathBuf>>;
}

mod sealed {
    pub trait NamesFiles {}
}

macro_rules! patterns {
    ($($pattern:ty)+) => {$(
        impl sealed::NamesFiles for $pattern {}
        impl SeriesFiles for $pattern {
            fn files(self, dataset: &str) -> Result<Vec<PathBuf>> {
                let pattern: &Path = self.as_ref();
                matching(pattern, dataset)
            }
        }
    )+};
}
patterns!(&str String &String &Path PathBuf &PathBuf);

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty;)+) => {$(
        impl<P: AsRef<Path>, $($generics)*> sealed::NamesFiles for $list {}
        impl<P: AsRef<Path>, $($generics)*> SeriesFiles for $list {
            fn files(self, _: &str) -> Result<Vec<PathBuf>> {
                Ok(self.iter().map(|path| path.as_ref().to_owned()).collect())
            }
        }
    )+};
}
lists!([] &[P]; [] Vec<P>; [] &Vec<P>; [const N: usize] [P; N]; [const N: usize] &[P; N];);

/// The files that match a pattern, in the order of their numbers.
fn matching(pattern: &Path, dataset: &str) -> Result<Vec<PathBuf>> {
    // A name with brackets in it.
    if pattern.is_file() {
        return Ok(vec![pattern.to_owned()]);
    }
    let refused = |reason: String| {
        Error::Hdf5(Hdf5Error { path: pattern.to_owned(), dataset: dataset.to_owned(), reason })
    };
    let text = pattern.to_str().ok_or_else(|| refused("it is no UTF-8 text".to_owned()))?;
    let found = glob::glob(text).map_err(|error| refused(format!("it is no pattern: {error}")))?;
    let mut files = found.collect::<Result<Vec<PathBuf>, _>>().map_err(|error| {
        let path = error.path().to_owned();
        Error::File { action: "look into", path, source: error.into() }
    })?;
    if files.is_empty() {
        let advice = match text.contains('[') {
            true => {
                "; in a pattern [ begins a choice of letters: write [[] for one, or give the paths \
                 in a list, whose names are taken as they are"
            }
            false => "",
        };
        return Err(refused(format!("no file matches this pattern{advice}")));
    }
    files.sort_by(|a, b| by_number(&a.to_string_lossy(), &b.to_string_lossy()));
    let names: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    let stems: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_suffix(".h5").or_else(|| name.strip_suffix(".nxs")))
        .collect();
    match missing_between(&stems) {
        Some(missing) => Err(refused(format!("of the files that match it, {missing}"))),
        None => Ok(files),
    }
}

/// Says which part is missing between the first and the last of a series, whose names are sorted;
/// others than `…data_` and a number are no parts.
fn missing_between(names: &[&str]) -> Option<String> {
    let part = |name: &&str| {
        let before = name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        let number = name[before.len()..].parse::<u64>().ok()?;
        before.ends_with(PART).then_some((before, number))
    };
    names.windows(2).find_map(|pair| {
        let ((before, number), (other, next)) = (part(&pair[0])?, part(&pair[1])?);
        (before == other && next - number.min(next) > 1).then(|| {
            let (missing, digits) = (number + 1, pair[0].len() - before.len());
            format!(
                "{before}{missing:0digits$} is missing: {} is followed by {}; have it copied, or, to do without it, give \
                 the files that are there one by one to `Hdf5Dataset::open_series`",
                pair[0], pair[1]
            )
        })
    })
}

/// Compares names, in which numbers count as such.
fn by_number(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (text, number);
        (text, number, left) = next_part(left);
        let (other_text, other_number);
        (other_text, other_number, right) = next_part(right);
        // Without its zeros a longer number is larger.
        let zeros = |digits: &str| digits.trim_start_matches('0').to_owned();
        let (digits, other_digits) = (zeros(number), zeros(other_number));
        let order = text
            .cmp(other_text)
            .then(digits.len().cmp(&other_digits.len()))
            .then(digits.cmp(&other_digits));
        if order.is_ne() {
            return order;
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len()).then(a.cmp(b));
        }
    }
}

/// The text before the first number of a name, the number, and what is left.
fn next_part(name: &str) -> (&str, &str, &str) {
    let start = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
    let (text, rest) = name.split_at(start);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, rest) = rest.split_at(end);
    (text, number, rest)
}

/// The members of a group that are the parts of a series, in the order of their numbers.
pub(super) fn members(file: &File, group: &str) -> std::result::Result<Vec<String>, String> {
    let members = file.group(group).and_then(|group| group.member_names());
    let mut members = members.map_err(|error| explain(&error))?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    members.retain(|name| name.strip_prefix(PART).is_some_and(is_number));
    members.sort_by(|a, b| by_number(a, b));
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    match missing_between(&names) {
        Some(missing) => Err(format!("of its members, {missing}")),
        None => Ok(members),
    }
}

/// Puts the parts of a series, of which there is at least one, one after the other along axis 0.
pub(super) fn join(parts: Vec<Stored>, path: &Path, name: &str) -> Result<Stored> {
    for part in &parts {
        check_part(part, &parts)?;
    }
    let Some(first) = parts.first() else {
        return Err(Error::Hdf5(Hdf5Error {
            path: PathBuf::from("no file"),
            dataset: name.to_owned(),
            reason: "an empty list of files was given".to_owned(),
        }));
    };
    let mut shape = first.shape.clone();
    let kind = StoredType { is_swapped: false, is_plain: false, ..first.kind.clone() };
    let mut pieces = Vec::with_capacity(parts.len());
    let mut start = 0_usize;
    for (source, part) in parts.iter().enumerate() {
        let along = part.shape.iter().enumerate();
        let span = |(axis, &len)| PieceExtent {
            start: if axis == 0 { start } else { 0 },
            len,
            axis: Some(axis),
        };
        let spans = along.map(span).collect();
        pieces.push(Piece { source, spans, from: vec![0; shape.len()] });
        let len = part.shape[0];
        start = start.checked_add(len).ok_or_else(|| refused(part, "there are too many".into()))?;
    }
    shape[0] = start;
    let fill = vec![0; kind.number.size()];
    let assembly = Assembly { sources: parts, pieces, fill };
    Ok(Stored::assembled(path, name, shape, kind, assembly))
}

/// Checks a part of a series against the first, and the others.
fn check_part(part: &Stored, parts: &[Stored]) -> Result<()> {
    let first = &parts[0];
    let of_first = format!("data set {:?} of {}", first.name, first.path.display());
    let must_agree = "the parts of a series must agree in it";
    if part.shape.is_empty() {
        return Err(refused(part, "it is a single value, which is no part of a series".to_owned()));
    }
    if part.kind.number != first.kind.number {
        let (its, others) = (part.kind.number.name(), first.kind.number.name());
        let reason =
            format!("its elements are {its}, those of {of_first} are {others}; {must_agree}");
        return Err(refused(part, reason));
    }
    if part.shape.len() != first.shape.len() || part.shape[1..] != first.shape[1..] {
        let reason = format!(
            "its shape is {:?}, that of {of_first} is {:?}; {must_agree}, but for the first axis",
            part.shape, first.shape
        );
        return Err(refused(part, reason));
    }
    // The master of a series whose data files are parts, too: everything would be there twice.
    if let Storage::Assembled(assembly) = &part.storage {
        let is_part = |source: &Stored| {
            parts
                .iter()
                .any(|other| !std::ptr::eq(other, part) && other.data_path == source.data_path)
        };
        if let Some(source) = assembly.sources.iter().find(|source| is_part(source)) {
            let reason = format!(
                "it shows what is in {}, which is a part of the series, too; leave one of them out",
                source.data_path.display()
            );
            return Err(refused(part, reason));
        }
    }
    Ok(())
}

fn refused(part: &Stored, reason: String) -> Error {
    Error::Hdf5(Hdf5Error { path: part.path.clone(), dataset: part.name.clone(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_by_their_numbers() {
        let mut names = ["b_1", "a_10", "a_2", "a_002", "a", "a_2_b", "a_2_a", "a_x", "a_10_1"];
        names.sort_by(|a, b| by_number(a, b));
        assert_eq!(names, ["a", "a_002", "a_2", "a_2_a", "a_2_b", "a_10", "a_10_1", "a_x", "b_1"]);
    }

    #[test]
    fn a_missing_number_is_named() {
        let told = missing_between(&["s_data_000001", "s_data_000002", "s_data_000004"]).unwrap();
        assert!(told.starts_with("s_data_000003 is missing: s_data_000002"), "{told}");
        for whole in [
            &["data_9", "data_10"][..],
            &["data_3"],
            &["a_data_1", "b_data_3"],
            &["run_1", "run_3"],
            &["data_1", "data_01"],
            &[],
        ] {
            assert_eq!(missing_between(whole), None, "{whole:?}");
        }
    }
}
