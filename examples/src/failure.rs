//! How the examples fail, and where they write to.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;

/// What an example's `main` returns when it fails: an error that is printed in plain words.
///
/// Every error becomes one with `?`.
pub struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.into())
    }
}

impl fmt::Debug for Failure {
    // It is what a program prints whose `main` returns the error: the error and its causes, and
    // no backtrace, which says nothing to a user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

/// Makes the folder `out` below the current one, where the examples leave their pictures.
///
/// # Errors
/// If it can't be made.
pub fn output_folder() -> anyhow::Result<PathBuf> {
    let folder = PathBuf::from("out");
    std::fs::create_dir_all(&folder)
        .and_then(|()| folder.canonicalize())
        .context("can't make the folder `out` for the pictures in the current folder")
}
