//! Outputs for what a kernel returns: one element, or a row of them, for each index.

use std::marker::PhantomData;

use ndarray::Ix2;

use super::list::SpecList;
use super::per::{PerIndexScalar, contiguous};
use super::slots::{IndexScalars, Slots};
use super::{OutputSpec, Plain, Plan, check_array};
use crate::array::{Order, SharedArray};
use crate::element::Element;
use crate::error::Result;
use crate::output::position::Position;

/// A returned `T`: the output is `(n,)`, one element for each index like any other.
pub type ReturnValue<T> = PerIndexScalar<T>;

/// A returned `[T; N]`: the output is `(n, N)`.
#[derive(Debug, Clone, Copy)]
pub struct ReturnRow<T, const N: usize>(PhantomData<fn() -> T>);

/// A returned value's output spec, made from nothing but its type.
pub trait ReturnSpec: OutputSpec<Slots = IndexScalars<Self::Value>> + Sized {
    /// What the kernel returns.
    type Value: Copy + Send + Sync + 'static;

    /// The spec.
    fn spec() -> Self;
}

impl<T: Element> ReturnSpec for ReturnValue<T> {
    type Value = T;

    fn spec() -> Self {
        PerIndexScalar::new()
    }
}

impl<T: Element, const N: usize> ReturnSpec for ReturnRow<T, N> {
    type Value = [T; N];

    fn spec() -> Self {
        ReturnRow(PhantomData)
    }
}

impl<T: Element, const N: usize> OutputSpec for ReturnRow<T, N> {
    type Array = SharedArray<T, Ix2>;
    type Slots = IndexScalars<[T; N]>;
    type Attached<'a> = Plain<'a, Self::Slots>;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        SharedArray::zeros(Ix2(plan.len, N), Order::C, plan.memory, plan.pages)
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        check_array(array, &Ix2(plan.len, N), name, plan)?;
        // `[T; N]` has the size and alignment of N elements back to back.
        let first = contiguous(array, name)?.cast::<[T; N]>();
        Ok(Plain::new(IndexScalars { first, fill: [T::zeroed(); N], is_filled: false }, array))
    }
}

/// The list of a kernel's returned values.
pub trait ReturnList: SpecList + Sized {
    /// The values of one call, nested as the list is.
    type Values;

    /// The specs.
    fn specs() -> Self;

    /// Stores the values of one call.
    ///
    /// # Safety
    /// As for [`Slots::slot`].
    unsafe fn store(slots: &Self::Slots, at: Position, values: Self::Values);
}

impl ReturnList for () {
    type Values = ();

    fn specs() {}

    #[inline(always)]
    unsafe fn store((): &(), _at: Position, (): ()) {}
}

impl<R: ReturnSpec, L: ReturnList> ReturnList for (R, L) {
    type Values = (R::Value, L::Values);

    fn specs() -> Self {
        (R::spec(), L::specs())
    }

    #[inline(always)]
    unsafe fn store(slots: &Self::Slots, at: Position, (value, rest): Self::Values) {
        // SAFETY: the caller's promises are those of each part.
        unsafe {
            *slots.0.slot(at) = value;
            L::store(&slots.1, at, rest);
        }
    }
}
