//! Copies of the workers' accumulators, for whoever looks at a map while it runs.

/// Copies that [`Accumulators::save`](super::Accumulators::save) has made, one for each worker that
/// has made any: of a list of outputs, or of a part of it.
#[derive(Clone, Copy, Debug)]
pub struct SavedAccumulators<'c> {
    copies: &'c [Option<*const u8>],
    /// Where those of this part begin in each copy, in bytes.
    start: usize,
}

impl<'c> SavedAccumulators<'c> {
    /// The copies of all outputs, by the number of the worker.
    pub(crate) fn new(copies: &'c [Option<*const u8>]) -> Self {
        SavedAccumulators { copies, start: 0 }
    }

    /// The copies of the outputs behind those whose copies have so many bytes.
    pub(crate) fn behind(self, bytes: usize) -> Self {
        SavedAccumulators { start: self.start + bytes, ..self }
    }

    /// The numbers of the workers that have made copies, and where these lie.
    pub(crate) fn of_workers(self) -> impl Iterator<Item = (usize, *const u8)> + 'c {
        let copies = self.copies.iter().enumerate();
        let start = self.start;
        copies.filter_map(move |(worker_id, copy)| Some((worker_id, (*copy)?.wrapping_add(start))))
    }
}
