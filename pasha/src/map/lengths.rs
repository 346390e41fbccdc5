//! The first pass of kernels with ragged outputs, which finds the lengths of their slots.

use ndarray::{Ix1, Ix2};

use crate::array::SharedArray;
use crate::error::Result;
use crate::kernel::{Items, Kernel, Names, Position, Shapes, SlotsOf};
use crate::output::index::PerIndex;
use crate::output::pack::OneOutput;

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
