//! What the examples share: pictures, a detector and its simulation, and the saxs job.

pub mod detector;
pub mod plot;
pub mod poisson;
pub mod saxs;
pub mod simulation;

use std::fmt;

/// What an example's `main` returns when it fails: an error that is printed in plain words.
pub struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.into())
    }
}

impl fmt::Debug for Failure {
    // What the program prints when `main` returns the error: the error and its causes, without
    // a backtrace, which says nothing to a user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}
