//! What is wrong with a file or a run, one type for each kind of source.

use std::borrow::Cow;
use std::path::PathBuf;

#[cfg(feature = "xfel")]
use super::describe;

/// A file is not the `.npy` file that the program expects.
///
/// # Examples
/// ```no_run
/// use pasha::{Error, NpyFile};
///
/// match NpyFile::<f32, ndarray::Ix3>::open("frames.npy") {
///     Err(Error::Npy(error)) => println!("{}: {}", error.path.display(), error.reason),
///     other => drop(other?),
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{} can't be used: {}", path.display(), printable(reason))]
#[non_exhaustive]
pub struct NpyError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it and what to do.
    pub reason: String,
}

/// An HDF5 file or one of its data sets can't be used.
///
/// # Examples
/// ```
/// use pasha::{Error, Hdf5Dataset};
///
/// let missing = Hdf5Dataset::<u16, ndarray::Ix3>::open_series("nowhere/run_*.h5", "data");
/// let Err(Error::Hdf5(error)) = missing else { panic!("there is no such file") };
/// assert_eq!(error.dataset, "data");
/// ```
#[cfg(feature = "hdf5")]
#[derive(Debug, thiserror::Error)]
#[error("data set {dataset:?} of {} can't be used: {}", path.display(), printable(reason))]
#[non_exhaustive]
pub struct Hdf5Error {
    /// The file.
    pub path: PathBuf,
    /// The data set, as it was asked for.
    pub dataset: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// A run of the European XFEL can't be used, or has not what was asked for.
///
/// # Examples
/// ```
/// use pasha::{Error, XfelError, xfel::Run};
///
/// let folder = std::env::temp_dir().join(format!("no-run-{}", std::process::id()));
/// std::fs::create_dir(&folder)?;
/// let error = Run::open(&folder).unwrap_err();
/// assert!(matches!(error, Error::Xfel(XfelError::Run { path, .. }) if path == folder));
/// # std::fs::remove_dir(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "xfel")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum XfelError {
    /// A folder or its files are no run.
    #[error("{} can't be opened as a run: {}", path.display(), printable(reason))]
    #[non_exhaustive]
    Run {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },

    /// A run has a train twice in one source.
    #[error("{}", describe::twice(source_name, *train_id, [(first, rows.0), (second, rows.1)]))]
    #[non_exhaustive]
    TrainConflict {
        /// The source.
        source_name: String,
        /// The train that comes twice.
        train_id: u64,
        /// A file with it.
        first: PathBuf,
        /// The other file with it; the same, if it comes twice there.
        second: PathBuf,
        /// Where it is in the lists of trains (`INDEX/trainId`) of both files, counted from 0.
        rows: (usize, usize),
    },

    /// A run has no source, key or train of this name.
    #[error("the run {} has no {what} {name:?}{advice}", path.display())]
    #[non_exhaustive]
    NotInRun {
        /// The run's folder.
        path: PathBuf,
        /// What was looked for: a source, a key of a source, a pattern, a train.
        what: String,
        /// Its name.
        name: String,
        /// Names that are there and look alike, as a phrase.
        advice: String,
    },

    /// The data of a key can't be used as they were asked for.
    #[error("key {key:?} of source {source_name:?} can't be used: {}", printable(reason))]
    #[non_exhaustive]
    Key {
        /// The source.
        source_name: String,
        /// The key.
        key: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// A variable of a labelled file is not the one that the program expects, or can't be read or
/// written.
///
/// # Examples
/// ```no_run
/// use pasha::{Error, VariableError};
///
/// /// Which variable of which file it was about.
/// fn whose(error: &Error) -> Option<String> {
///     let Error::Variable(VariableError { path, variable, .. }) = error else { return None };
///     Some(format!("{variable} of {}", path.display()))
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("variable {variable:?} of {} can't be used: {}", path.display(), printable(reason))]
#[non_exhaustive]
pub struct VariableError {
    /// The file, or the folder.
    pub path: PathBuf,
    /// The variable.
    pub variable: String,
    /// What is wrong with it and what to do.
    pub reason: String,
}

/// A reason without what moves a terminal's cursor or changes its colours: parts of it may be what
/// a file holds.
fn printable(reason: &str) -> Cow<'_, str> {
    if !reason.contains(is_moving) {
        return reason.into();
    }
    let escaped = |letter: char| match is_moving(letter) {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    reason.chars().map(escaped).collect()
}

fn is_moving(letter: char) -> bool {
    letter.is_control() && letter != '\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_does_not_write_to_the_terminal() {
        let error = NpyError {
            path: "a.npy".into(),
            reason: "it has an entry \u{1b}[2J\u{9b}31m\r\u{8}é\nand a second line".to_owned(),
        };
        assert_eq!(
            error.to_string(),
            "a.npy can't be used: it has an entry \\u{1b}[2J\\u{9b}31m\\r\\u{8}é\nand a second line"
        );
    }
}
