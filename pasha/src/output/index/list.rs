//! Lists of slots of indices, nested to the right and ended by `()`.

use std::ops::Range;

use super::{IndexSlots, Staged};

// SAFETY: there are no slots.
unsafe impl IndexSlots for () {
    const COUNT: usize = 0;

    type Slot<'s> = ();

    #[inline(always)]
    unsafe fn slot<'s>(&self, _index: usize) -> Self::Slot<'s> {}

    unsafe fn places(&self, _indices: &Range<usize>, _visit: &mut dyn FnMut(Range<usize>)) {}

    #[inline(always)]
    unsafe fn reset(&self, _index: usize) {}

    unsafe fn pack(&self, _indices: &Range<usize>, _message: &mut Vec<u8>) {}

    unsafe fn unpack(&self, _indices: &Range<usize>, _message: &mut &[u8]) -> Option<()> {
        Some(())
    }
}

impl Staged for () {
    unsafe fn staged(&self, _first: usize, _items: usize, _buffer: *mut u8) {}
}

// SAFETY: each part gives slots of its own output, which differ by what the parts promise.
unsafe impl<S: IndexSlots, L: IndexSlots> IndexSlots for (S, L) {
    const COUNT: usize = S::COUNT + L::COUNT;

    type Slot<'s> = (S::Slot<'s>, L::Slot<'s>);

    #[inline(always)]
    unsafe fn slot<'s>(&self, index: usize) -> Self::Slot<'s> {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe { (self.0.slot(index), self.1.slot(index)) }
    }

    unsafe fn places(&self, indices: &Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            self.0.places(indices, visit);
            self.1.places(indices, visit);
        }
    }

    #[inline(always)]
    unsafe fn reset(&self, index: usize) {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            self.0.reset(index);
            self.1.reset(index);
        }
    }

    unsafe fn pack(&self, indices: &Range<usize>, message: &mut Vec<u8>) {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            self.0.pack(indices, message);
            self.1.pack(indices, message);
        }
    }

    unsafe fn unpack(&self, indices: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            self.0.unpack(indices, message)?;
            self.1.unpack(indices, message)
        }
    }
}

impl<S: IndexSlots, L: IndexSlots> Staged for (S, L) {
    fn staged_size(&self, items: usize) -> usize {
        self.0.staged_size(items) + self.1.staged_size(items)
    }

    unsafe fn staged(&self, first: usize, items: usize, buffer: *mut u8) -> Self {
        // SAFETY: what the caller promises of the list holds for both of its parts, whose staged
        // slots lie one behind the other.
        unsafe {
            let second = buffer.add(self.0.staged_size(items));
            (self.0.staged(first, items, buffer), self.1.staged(first, items, second))
        }
    }

    #[inline(always)]
    unsafe fn refill(&self, index: usize) {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            self.0.refill(index);
            self.1.refill(index);
        }
    }

    unsafe fn stream_out(&self, staged: &Self, indices: &Range<usize>) {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            self.0.stream_out(&staged.0, indices);
            self.1.stream_out(&staged.1, indices);
        }
    }
}
