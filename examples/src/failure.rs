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
        f.write_str(&in_plain_words(&self.0))
    }
}

/// An error and its causes, each of them once.
pub fn in_plain_words(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Some errors name their causes themselves.
        if !text.contains(&cause) {
            text += if text.is_empty() { "" } else { ": " };
            text += &cause;
        }
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_named_once() {
        let cause = std::io::Error::other("the disk is full");
        let failure = Failure::from(anyhow::Error::new(cause).context("can't write out.svg"));
        assert_eq!(format!("{failure:?}"), "can't write out.svg: the disk is full");
        let path = std::path::Path::new("/nowhere/frames.npy");
        let failure = Failure::from(crate::saxs::Frames::open(path, None).unwrap_err());
        let text = format!("{failure:?}");
        assert_eq!(text.matches("No such file").count(), 1, "{text}");
    }
}
