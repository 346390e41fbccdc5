//! Which job a job file is of.

use crate::files::FileIdentity;

/// What a job is: it is the same if all of this is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The kernel's signature.
    pub(crate) signature: String,
    /// Number of items.
    pub(crate) len: usize,
    /// Where the outputs lie.
    pub(crate) outputs: Vec<KeptOutput>,
}

/// An output of which something is left after a crash.
#[derive(Clone, Debug)]
pub struct KeptOutput {
    pub(crate) name: String,
    /// The name of the elements' type.
    pub(crate) element: String,
    pub(crate) shape: Vec<usize>,
    /// The file that it lies in; none of accumulators and ragged outputs, which are saved beside
    /// the job file.
    pub(crate) file: Option<FileIdentity>,
}
