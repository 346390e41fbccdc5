//! Outputs for what a kernel returns: one element, or a row of them, for each index.

use std::marker::PhantomData;

use ndarray::Ix2;

use super::AttachedSlots;
use super::scalar::{PerIndexScalar, ScalarSlots, ValueOf};
use crate::array::{Order, SharedArray};
use crate::element::Element;
use crate::error::Result;
use crate::output::slots::OfIndex;
use crate::output::{OutputSpec, Plan, check_array, contiguous};

/// A returned `T`: the output is `(n,)`, one element for each index like any other.
pub type ReturnValue<T> = PerIndexScalar<T>;

/// A returned `[T; N]`: the output is `(n, N)`.
#[derive(Debug, Clone, Copy)]
pub struct ReturnRow<T, const N: usize>(PhantomData<fn() -> T>);

impl<T, const N: usize> ReturnRow<T, N> {
    /// Slots of one row.
    #[allow(clippy::new_without_default, reason = "called by generated code alone")]
    pub fn new() -> Self {
        ReturnRow(PhantomData)
    }
}

/// A returned value's output spec.
pub trait ReturnSpec: OutputSpec<Slots = OfIndex<ScalarSlots<Self::Element, Self::Value>>> {
    /// The element that the value is made of.
    type Element: Element;

    /// What the kernel returns.
    type Value: ValueOf<Self::Element>;

    /// A value that is there before the kernel has returned one: zeros.
    fn blank() -> Self::Value;
}

impl<T: Element> ReturnSpec for ReturnValue<T> {
    type Element = T;
    type Value = T;

    #[inline(always)]
    fn blank() -> T {
        T::zeroed()
    }
}

impl<T: Element, const N: usize> ReturnSpec for ReturnRow<T, N> {
    type Element = T;
    type Value = [T; N];

    #[inline(always)]
    fn blank() -> [T; N] {
        [T::zeroed(); N]
    }
}

impl<T: Element, const N: usize> OutputSpec for ReturnRow<T, N> {
    type Array = SharedArray<T, Ix2>;
    type Slots = OfIndex<ScalarSlots<T, [T; N]>>;
    type Attached<'a> = AttachedSlots<'a, ScalarSlots<T, [T; N]>>;

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
        let fill = [T::zeroed(); N];
        let slots = ScalarSlots { first, fill, is_filled: false, element: PhantomData };
        Ok(AttachedSlots::new(slots, array))
    }
}
