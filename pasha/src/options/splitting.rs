//! How a map's indices are split into the shares that workers claim.

use std::num::NonZeroUsize;

/// How a map's indices are split into shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Splitting {
    /// Each claim takes a part of what remains: large shares first, small ones at the end, so
    /// that workers end together however unequal the items are.
    #[default]
    Guided,
    /// Claims of a fixed number of items.
    Fixed(NonZeroUsize),
    /// One balanced slice for each worker, the same in every run.
    Static,
}
