//! Outputs that are accumulated by each worker and merged after the map: `#[reduce(…)]`.

mod array;
mod scalar;

pub use array::Reduce;
pub use scalar::ReduceScalar;

use ndarray::{ArrayViewMut, Ix1};

use crate::array::fill_with_copies;
use crate::element::Element;
use crate::group::wire::Take;
use crate::output::merge::Merge;

/// What a reduction starts from. The merge is asked once for each map, because one of the user's
/// might answer otherwise the next time.
#[derive(Debug, Clone, Copy)]
struct InitialValues<A> {
    /// What each accumulator starts with: the neutral element.
    accumulator: A,
    /// What is merged into the result besides, once.
    result: Option<A>,
}

impl<A: Element> InitialValues<A> {
    fn of<M: Merge<A>>(merge: &M, init: Option<A>) -> Self {
        match merge.neutral() {
            // A built-in merge has a neutral element, so what the user starts from enters once.
            Some(neutral) => InitialValues { accumulator: neutral, result: init },
            None => InitialValues { accumulator: init.unwrap_or_else(A::zeroed), result: None },
        }
    }

    /// The result over no items.
    fn of_nothing(self) -> A {
        self.result.unwrap_or(self.accumulator)
    }
}

/// Adds the elements of an accumulator to a message.
///
/// # Safety
/// So many elements can be read, and nobody writes them meanwhile.
unsafe fn pack<A: Element>(first: *const A, size: usize, message: &mut Vec<u8>) {
    // SAFETY: as the caller promises; elements have no padding, so all bytes are set.
    message.extend_from_slice(unsafe {
        std::slice::from_raw_parts(first.cast(), size * size_of::<A>())
    });
}

/// Takes the elements of an accumulator from a message, and makes of each, and of what is there,
/// what lies there; `None` if the message is too short.
///
/// # Safety
/// So many elements can be read and written, nobody else uses them, and `pack` has written the
/// message, from an accumulator of the same type.
unsafe fn unpack<A: Element>(
    first: *mut A,
    size: usize,
    message: &mut &[u8],
    merge: impl Fn(A, A) -> A,
) -> Option<()> {
    let bytes = message.take_exactly(size * size_of::<A>())?;
    for number in 0..size {
        // SAFETY: as the caller promises: these are the bytes of so many elements.
        unsafe {
            let place = first.add(number);
            let other = bytes.as_ptr().cast::<A>().add(number).read_unaligned();
            place.write(merge(place.read(), other));
        }
    }
    Some(())
}

/// Sets all elements of an accumulator.
///
/// # Safety
/// The pointer is valid for writes of `size` elements that nothing else uses meanwhile.
pub(super) unsafe fn reset<A: Element>(first: *mut A, size: usize, start: A) {
    // SAFETY: the caller promises that the elements are valid and that nothing else uses them.
    fill_with_copies(&mut unsafe { ArrayViewMut::from_shape_ptr(Ix1(size), first) }, start);
}
