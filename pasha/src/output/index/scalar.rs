//! One element for each index: `&mut A`.
//!
//! Elements are copied, never cloned: `Clone` is the user's code, which may panic or give another
//! value.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::Ix1;

use super::staged::stream;
use super::{AttachedSlots, IndexSlots, Staged, address, pack_elements, unpack_elements};
use crate::array::{Order, SharedArray};
use crate::element::{Element, size_of_copy};
use crate::error::Result;
use crate::output::builders::builders;
use crate::output::slots::OfIndex;
use crate::output::{OutputSpec, Plan, check_array, contiguous};

/// One element for each index: the output is `(n,)`.
#[derive(Debug, Clone)]
pub struct PerIndexScalar<A> {
    fill: Option<A>,
}

builders!(elements: PerIndexScalar);

impl<A: Element> OutputSpec for PerIndexScalar<A> {
    type Array = SharedArray<A, Ix1>;
    type Slots = OfIndex<ScalarSlots<A, A>>;
    type Attached<'a>
        = AttachedSlots<'a, ScalarSlots<A, A>>
    where
        Self: 'a;

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Array> {
        let mut array = SharedArray::zeros(Ix1(plan.len), Order::C, plan.memory, plan.pages)?;
        if let Some(value) = self.fill {
            array.fill_fresh(value);
        }
        Ok(array)
    }

    // What it gives is large: returned through memory it takes longer than to be made.
    #[inline(always)]
    fn attach<'a>(
        &'a self,
        array: &'a mut Self::Array,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        check_array(array, &Ix1(plan.len), name, plan)?;
        // Without a fill value slots keep what they have: the kernel writes them.
        if let (Some(value), false) = (self.fill, plan.keep) {
            array.fill_with_copies(value);
        }
        let fill = self.fill.unwrap_or_else(A::zeroed);
        let first = contiguous(array, name)?;
        let slots =
            ScalarSlots { first, fill, is_filled: self.fill.is_some(), element: PhantomData };
        Ok(AttachedSlots::new(slots, array))
    }
}

/// What a slot is that is written as one value: an element `A`, or a row of them.
pub trait ValueOf<A>: Copy + Send + Sync + 'static {}

impl<A: Element> ValueOf<A> for A {}

impl<A: Element, const N: usize> ValueOf<A> for [A; N] {}

/// Slots of one value, back to back.
#[derive(Debug)]
pub struct ScalarSlots<A, V> {
    pub(in crate::output) first: *mut V,
    pub(in crate::output) fill: V,
    /// Whether the kernel counts on the fill value.
    pub(in crate::output) is_filled: bool,
    // Bounds are on the element, so that rustc blames it and nothing that is made of it.
    pub(in crate::output) element: PhantomData<A>,
}

// SAFETY: slots stand for `&mut V`s of different places, which may go to any thread if the elements
// may.
unsafe impl<A: Send, V: Send> Send for ScalarSlots<A, V> {}
// SAFETY: the address alone gives no access; slots do by the contract of `slot`, and sharing the
// fill value is sharing a plain value.
unsafe impl<A: Sync, V: Send + Sync> Sync for ScalarSlots<A, V> {}

impl<A, V: Copy> Clone for ScalarSlots<A, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        ScalarSlots { ..*self }
    }
}

// SAFETY: slot `index` is value `index`.
unsafe impl<A: Element, V: ValueOf<A>> IndexSlots for ScalarSlots<A, V> {
    const COUNT: usize = 1;

    type Slot<'s> = &'s mut V;

    #[inline(always)]
    unsafe fn slot<'s>(&self, index: usize) -> &'s mut V {
        // SAFETY: the output was attached with more than `index` contiguous values, and the
        // caller alone has this index.
        unsafe { &mut *self.first.add(index) }
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        visit(address(self.first, indices.start)..address(self.first, indices.end));
    }

    #[inline(always)]
    unsafe fn reset(&self, index: usize) {
        // SAFETY: the caller alone has the index, and no other slot of it is alive.
        unsafe { *self.slot(index) = self.fill };
    }

    unsafe fn pack(&self, indices: &Range<usize>, message: &mut Vec<u8>) {
        // SAFETY: the output was attached with these indices, which nobody writes meanwhile.
        unsafe { pack_elements(self.first.add(indices.start), indices.len(), message) };
    }

    unsafe fn unpack(&self, indices: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        // SAFETY: the output was attached with these indices, which the caller alone has, and the
        // message was packed from the same output.
        unsafe { unpack_elements(self.first.add(indices.start), indices.len(), message) }
    }
}

impl<A: Element, V: ValueOf<A>> Staged for ScalarSlots<A, V> {
    fn staged_size(&self, items: usize) -> usize {
        size_of_copy::<V>(items)
    }

    unsafe fn staged(&self, _first: usize, _items: usize, buffer: *mut u8) -> Self {
        ScalarSlots { first: buffer.cast(), ..self.clone() }
    }

    #[inline(always)]
    unsafe fn refill(&self, index: usize) {
        if self.is_filled {
            // SAFETY: the caller alone has the index, and no other slot of it is alive.
            unsafe { self.reset(index) };
        }
    }

    unsafe fn stream_out(&self, staged: &Self, indices: &Range<usize>) {
        // SAFETY: the output was attached with these indices, and the buffer has their values.
        unsafe { stream(staged.first, self.first.add(indices.start), indices.len()) };
    }
}
