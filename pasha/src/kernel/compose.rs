//! Composition: two kernels in one pass.

use std::fmt::{self, Display};

use super::{Items, Kernel, Names, Position, Shapes, SlotsOf};
use crate::error::Result;
use crate::output::OutputSpec;
use crate::output::index::LocalSlot;
use crate::output::list::SpecList;
use crate::output::pack::OneReturned;
use crate::param::{ByRef, ByValue, ItemList};

/// A kernel whose only output is one returned value, so that it may come first in a composition.
pub trait ReturnsOneValue: Kernel {
    /// The value.
    type Value;

    /// Calls the kernel, and gives the value.
    fn value_of<'r>(
        &self,
        at: Position,
        items: Items<'r, Self::Items>,
        scratch: &mut Self::Scratch,
    ) -> Result<Self::Value, Self::Failure>;
}

/// A set of outputs and their specs that are one returned value.
// A trait of its own, because the compiler tells of a missing implementation in the words below,
// and of an associated type that is another one in its own.
#[diagnostic::on_unimplemented(
    message = "this kernel can't be followed by another",
    label = "it has other outputs than one returned value",
    note = "`first.then(second)` hands the value that `first` returns to `second`: `first` must return one value and have no `#[output]`, `#[per_worker]` or `#[reduce]` parameters"
)]
pub trait OneReturnedValue<Specs: SpecList> {
    /// The value.
    type Value;

    /// Calls a kernel with a slot of its own, and gives what it put there.
    fn value_of<K: Kernel<Specs = Specs>>(
        kernel: &K,
        at: Position,
        items: Items<'_, K::Items>,
        scratch: &mut K::Scratch,
    ) -> Result<Self::Value, K::Failure>;
}

impl<R: LocalSlot> OneReturnedValue<(R, ())> for OneReturned<<R as OutputSpec>::Array> {
    type Value = R::Value;

    #[inline(always)]
    fn value_of<K: Kernel<Specs = (R, ())>>(
        kernel: &K,
        at: Position,
        items: Items<'_, K::Items>,
        scratch: &mut K::Scratch,
    ) -> Result<R::Value, K::Failure> {
        // There is no array between the kernels.
        let mut value = R::zeroed();
        kernel.call(at, items, (&mut value, ()), scratch)?;
        Ok(value)
    }
}

impl<K: Kernel<Set: OneReturnedValue<K::Specs>>> ReturnsOneValue for K {
    type Value = <K::Set as OneReturnedValue<K::Specs>>::Value;

    #[inline(always)]
    fn value_of<'r>(
        &self,
        at: Position,
        items: Items<'r, Self::Items>,
        scratch: &mut Self::Scratch,
    ) -> Result<Self::Value, Self::Failure> {
        K::Set::value_of(self, at, items, scratch)
    }
}

/// A list of items that is one value of type `V`, so that its kernel may follow one that returns
/// `V`.
#[diagnostic::on_unimplemented(
    message = "this kernel can't follow one that returns `{V}`",
    label = "its item is not a `{V}`",
    note = "`first.then(second)` hands the value that `first` returns to `second`, whose one item must be of that type, by value or by reference"
)]
pub trait Accepts<V>: ItemList {
    /// Makes the list of a value.
    fn items(value: &V) -> Items<'_, Self>;

    /// What is known about the value before the run: nothing.
    fn shapes() -> Shapes<Self>;
}

impl<V: Copy + 'static> Accepts<V> for (ByValue<V>, ()) {
    #[inline(always)]
    fn items(value: &V) -> (V, ()) {
        (*value, ())
    }

    fn shapes() -> Shapes<Self> {
        (None, ())
    }
}

impl<V: 'static> Accepts<V> for (ByRef<V>, ()) {
    #[inline(always)]
    fn items(value: &V) -> (&V, ()) {
        (value, ())
    }

    fn shapes() -> Shapes<Self> {
        (None, ())
    }
}

/// Two kernels, the second on what the first returns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Then<K, L> {
    first: K,
    second: L,
}

impl<K, L> Then<K, L> {
    pub(crate) fn new(first: K, second: L) -> Self {
        Then { first, second }
    }
}

/// A failure of either kernel.
#[derive(Debug)]
pub enum EitherFailure<E, F> {
    /// Of the first kernel.
    First(E),
    /// Of the second.
    Second(F),
}

impl<E: Display, F: Display> Display for EitherFailure<E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EitherFailure::First(failure) => failure.fmt(f),
            EitherFailure::Second(failure) => failure.fmt(f),
        }
    }
}

impl<K, L> Kernel for Then<K, L>
where
    K: ReturnsOneValue,
    L: Kernel,
    L::Items: Accepts<K::Value>,
{
    type Items = K::Items;
    type Set = L::Set;
    type Specs = L::Specs;
    type Scratch = (K::Scratch, L::Scratch);
    type Failure = EitherFailure<K::Failure, L::Failure>;
    const RAGGED: usize = L::RAGGED;
    const STREAM_STORES: bool = L::STREAM_STORES;

    fn names(&self) -> Names {
        Names { items: self.first.names().items, ..self.second.names() }
    }

    fn interior_mutable(&self) -> Option<&'static str> {
        self.first.interior_mutable().or_else(|| self.second.interior_mutable())
    }

    fn signature(&self) -> String {
        format!("{}, then {}", self.first.signature(), self.second.signature())
    }

    fn specs(&self, _shapes: Shapes<K::Items>) -> Result<L::Specs> {
        self.second.specs(L::Items::shapes())
    }

    fn lengths<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, K::Items>,
        scratch: &'s mut Self::Scratch,
        lengths: &mut [usize],
    ) -> Result<(), Self::Failure> {
        let value = self.first.value_of(at, items, &mut scratch.0).map_err(EitherFailure::First)?;
        self.second
            .lengths(at, L::Items::items(&value), &mut scratch.1, lengths)
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
        slots: SlotsOf<'s, L::Specs>,
        scratch: &'s mut Self::Scratch,
    ) -> Result<(), Self::Failure> {
        let value = self.first.value_of(at, items, &mut scratch.0).map_err(EitherFailure::First)?;
        self.second
            .call(at, L::Items::items(&value), slots, &mut scratch.1)
            .map_err(EitherFailure::Second)
    }
}
