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

/// A returned `[T; N]`: the output is `(n, N)`.
#[derive(Debug, Clone, Copy)]
pub struct PerIndexRow<T, const N: usize>(PhantomData<fn() -> T>);

impl<T, const N: usize> PerIndexRow<T, N> {
    /// Slots of one row.
    #[allow(clippy::new_without_default, reason = "called by generated code alone")]
    pub fn new() -> Self {
        PerIndexRow(PhantomData)
    }
}

/// The spec of a returned value, of which a call can have a slot of its own: what `then` hands to
/// the next kernel lies there.
pub trait LocalSlot: OutputSpec<Slots = OfIndex<ScalarSlots<Self::Element, Self::Value>>> {
    /// The element that the value is made of.
    type Element: Element;

    /// What the kernel returns.
    type Value: ValueOf<Self::Element>;

    /// A value that is there before the kernel has returned one: zeros.
    fn zeroed() -> Self::Value;
}

impl<T: Element> LocalSlot for PerIndexScalar<T> {
    type Element = T;
    type Value = T;

    #[inline(always)]
    fn zeroed() -> T {
        T::zeroed()
    }
}

impl<T: Element, const N: usize> LocalSlot for PerIndexRow<T, N> {
    type Element = T;
    type Value = [T; N];

    #[inline(always)]
    fn zeroed() -> [T; N] {
        [T::zeroed(); N]
    }
}

impl<T: Element, const N: usize> OutputSpec for PerIndexRow<T, N> {
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
