//! Several kernels over the same items, in one pass.

use std::fmt;
use std::marker::PhantomData;

use super::compose::EitherFailure;
use super::{Items, Kernel, Names, Position, Shapes, SlotsOf};
use crate::error::Result;
use crate::output::list::SpecList;
use crate::output::pack::OutputSet;
use crate::output::several::{Lists, SpecsOfEach, padded};
use crate::param::{ItemList, Param};

/// A list of items that several kernels may get: copies of values, references and views.
pub trait CloneItems: ItemList {
    /// The items once more.
    fn cloned<'r>(items: &Items<'r, Self>) -> Items<'r, Self>;
}

impl CloneItems for () {
    #[inline(always)]
    fn cloned<'r>(_items: &Items<'r, ()>) -> Items<'r, ()> {}
}

impl<P: Param, L: CloneItems> CloneItems for (P, L)
where
    for<'r> P::Item<'r>: Clone,
{
    #[inline(always)]
    fn cloned<'r>((item, rest): &(P::Item<'r>, L::Items<'r>)) -> (P::Item<'r>, L::Items<'r>) {
        (item.clone(), L::cloned(rest))
    }
}

/// A list of items that are those of another kernel.
#[diagnostic::on_unimplemented(
    message = "these kernels do not have the same items, so they can't run together",
    label = "the items of one are `{I}`, those of another are `{Self}`",
    note = "the kernels that `pasha::together` takes must have items of the same types, in the same order: give a kernel that needs fewer items the others as well, as parameters whose names begin with `_`"
)]
pub trait SameItems<I: ItemList>: ItemList {
    /// The items.
    fn items<'r>(items: Items<'r, I>) -> Items<'r, Self>;

    /// What is known about them before the run.
    fn shapes(shapes: Shapes<I>) -> Shapes<Self>;
}

impl<I: ItemList> SameItems<I> for I {
    #[inline(always)]
    fn items<'r>(items: Items<'r, I>) -> Items<'r, I> {
        items
    }

    fn shapes(shapes: Shapes<I>) -> Shapes<I> {
        shapes
    }
}

/// Two kernels over the same items, made by [`together`](crate::together()); more than two are
/// nested to the left.
///
/// `S` says how the outputs of all are packed for the caller.
pub struct Together<K, L, S> {
    first: K,
    second: L,
    set: PhantomData<fn() -> S>,
}

impl<K, L, S> Together<K, L, S> {
    pub(crate) fn new(first: K, second: L) -> Self {
        Together { first, second, set: PhantomData }
    }
}

impl<K: Clone, L: Clone, S> Clone for Together<K, L, S> {
    fn clone(&self) -> Self {
        Together::new(self.first.clone(), self.second.clone())
    }
}

impl<K: Copy, L: Copy, S> Copy for Together<K, L, S> {}

impl<K: fmt::Debug, L: fmt::Debug, S> fmt::Debug for Together<K, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Together").field(&self.first).field(&self.second).finish()
    }
}

/// The arrays of a kernel's outputs.
pub(crate) type ArraysOf<K> = <<K as Kernel>::Set as OutputSet>::Arrays;

impl<K, L, S> Kernel for Together<K, L, S>
where
    K: Kernel<Items: CloneItems>,
    L: Kernel<Items: SameItems<K::Items>>,
    S: OutputSet<Arrays = Lists<ArraysOf<K>, ArraysOf<L>>>,
{
    type Items = K::Items;
    type Set = S;
    type Specs = SpecsOfEach<K::Specs, L::Specs>;
    type Scratch = (K::Scratch, L::Scratch);
    type Failure = EitherFailure<K::Failure, L::Failure>;
    const RAGGED: usize = K::RAGGED + L::RAGGED;
    // It is for all outputs of a map, or for none.
    const STREAM_STORES: bool = K::STREAM_STORES && L::STREAM_STORES;

    fn names(&self) -> Names {
        self.first.names()
    }

    fn output_names(&self) -> Vec<&'static str> {
        let mut names = padded(self.first.output_names(), K::Specs::COUNT);
        names.append(&mut self.second.output_names());
        names
    }

    fn interior_mutable(&self) -> Option<&'static str> {
        self.first.interior_mutable().or_else(|| self.second.interior_mutable())
    }

    fn signature(&self) -> String {
        format!("{}, together with {}", self.first.signature(), self.second.signature())
    }

    fn specs(&self, shapes: Shapes<K::Items>) -> Result<Self::Specs> {
        let first = self.first.specs(shapes.clone())?;
        let rest = self.second.specs(L::Items::shapes(shapes))?;
        let names = [self.first.names().outputs, self.second.names().outputs];
        Ok(SpecsOfEach::new(first, rest, names, K::RAGGED))
    }

    fn lengths<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, K::Items>,
        scratch: &'s mut Self::Scratch,
        lengths: &mut [usize],
    ) -> Result<(), Self::Failure> {
        let (first, rest) = lengths.split_at_mut(K::RAGGED);
        self.first
            .lengths(at, K::Items::cloned(&items), &mut scratch.0, first)
            .map_err(EitherFailure::First)?;
        self.second
            .lengths(at, L::Items::items(items), &mut scratch.1, rest)
            .map_err(EitherFailure::Second)
    }

    fn scratch(&self) -> Self::Scratch {
        (self.first.scratch(), self.second.scratch())
    }

    #[inline(always)]
    fn call<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, K::Items>,
        (first, second): SlotsOf<'s, Self::Specs>,
        scratch: &'s mut Self::Scratch,
    ) -> Result<(), Self::Failure> {
        self.first
            .call(at, K::Items::cloned(&items), first, &mut scratch.0)
            .map_err(EitherFailure::First)?;
        self.second
            .call(at, L::Items::items(items), second, &mut scratch.1)
            .map_err(EitherFailure::Second)
    }
}
