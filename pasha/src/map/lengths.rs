//! The lengths of ragged slots, which a first pass over the items finds.

use std::collections::BTreeMap;

use ndarray::{Array2, Ix1, Ix2};

use crate::array::SharedArray;
use crate::error::Result;
use crate::kernel::{Items, Kernel, Names, Position, Shapes, SlotsOf};
use crate::output::index::PerIndex;
use crate::output::pack::OneOutput;
use crate::report::FailedItem;

/// What a first pass has found for the slots of ragged outputs.
pub(super) struct Lengths {
    /// `(n, number of ragged outputs)`.
    pub(super) found: Array2<usize>,
    /// The items that it went on without, and why.
    pub(super) failed: BTreeMap<usize, String>,
}

impl Lengths {
    /// What a pass has found for the slots of the outputs of these names, and the items that failed
    /// in it.
    pub(super) fn new(
        found: &SharedArray<usize, Ix2>,
        failed: Vec<FailedItem>,
        outputs: &[&str],
    ) -> Self {
        let failed = failed.into_iter();
        let failed =
            failed.map(|item| (item.index, item.cause.reason_for_lengths(outputs))).collect();
        Lengths { found: found.to_owned(), failed }
    }
}

/// The first pass of a kernel with ragged outputs: a kernel that writes their slots' lengths.
pub(super) struct LengthsOf<'k, K>(pub(super) &'k K);

impl<K: Kernel> Kernel for LengthsOf<'_, K> {
    type Items = K::Items;
    type Set = OneOutput<SharedArray<usize, Ix2>>;
    type Specs = (PerIndex<usize, Ix1>, ());
    type Scratch = K::Scratch;
    type Failure = K::Failure;
    const RAGGED: usize = 0;
    const STREAM_STORES: bool = false;

    fn names(&self) -> Names {
        Names { outputs: &["lengths"], ..self.0.names() }
    }

    fn interior_mutable(&self) -> Option<&'static str> {
        self.0.interior_mutable()
    }

    fn specs(&self, _shapes: Shapes<K::Items>) -> Result<Self::Specs> {
        Ok((PerIndex::new(K::RAGGED), ()))
    }

    fn lengths<'r, 's>(
        &self,
        _at: Position,
        _items: Items<'r, K::Items>,
        _scratch: &'s mut K::Scratch,
        _lengths: &mut [usize],
    ) -> Result<(), K::Failure> {
        Ok(())
    }

    fn scratch(&self) -> K::Scratch {
        self.0.scratch()
    }

    fn call<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, K::Items>,
        (mut lengths, ()): SlotsOf<'s, Self::Specs>,
        scratch: &'s mut K::Scratch,
    ) -> Result<(), K::Failure> {
        // The slots of a C-ordered array are contiguous.
        let lengths = lengths.as_slice_mut().unwrap_or_default();
        self.0.lengths(at, items, scratch, lengths)
    }
}
