//! Buffers of workers in pages of their own.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::Zeroable;
use rustix::mm::Advice;

use super::{ALIGN, HUGE_PAGE, Mapping, Memory, Pages};

/// A worker's buffer for what it reads, in pages of its own from a huge page on.
///
/// Those of a heap that the parent used before would be copied when a forked worker writes them.
pub(crate) struct Buffer<A> {
    /// Holds at least `len` elements, all valid: zeros, or what was written as an `A`.
    mapping: Mapping,
    len: usize,
    element: PhantomData<A>,
}

impl<A: Copy + Zeroable> Buffer<A> {
    /// A buffer without elements.
    pub(crate) fn new() -> Self {
        const { assert!(align_of::<A>() <= ALIGN, "mappings are aligned to two cache lines") }
        Buffer { mapping: Mapping::empty(Memory::Private), len: 0, element: PhantomData }
    }

    /// Makes it this long. What it held is lost where it has to grow.
    ///
    /// # Errors
    /// How many bytes could not be had.
    pub(crate) fn resize(&mut self, len: usize) -> Result<(), String> {
        let bytes = len.saturating_mul(size_of::<A>());
        if bytes > self.mapping.len() {
            // The old one first: the two need not be there at once.
            *self = Buffer::new();
            self.mapping = Mapping::anonymous(bytes, Memory::Private, Pages::Huge)
                .map_err(|error| format!("{error}, for what is read together"))?;
            if bytes >= HUGE_PAGE {
                make_pages(&self.mapping);
            }
        }
        self.len = len;
        Ok(())
    }

    /// Bytes of memory that it takes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.mapping.len()
    }
}

impl<A> Deref for Buffer<A> {
    type Target = [A];

    fn deref(&self) -> &[A] {
        let start = self.mapping.start().cast::<A>();
        // SAFETY: `resize` made the mapping large enough for `len` elements and its alignment is
        // at least theirs (`new`); they were zero, which `Zeroable` has made a value, or are what
        // was written through `deref_mut`. The mapping is this buffer's alone.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), self.len) }
    }
}

impl<A> DerefMut for Buffer<A> {
    fn deref_mut(&mut self) -> &mut [A] {
        let start = self.mapping.start().cast::<A>();
        // SAFETY: `resize` made the mapping large enough for `len` elements and its alignment is
        // at least theirs (`new`); they were zero, which `Zeroable` has made a value, or are what
        // was written through such a slice. The mapping is this buffer's alone, and borrowed
        // mutably.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), self.len) }
    }
}

impl<A> fmt::Debug for Buffer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Makes the pages of new private memory all at once (Linux 5.14); elsewhere each is made when it
/// is first written.
fn make_pages(mapping: &Mapping) {
    let start = mapping.start().as_ptr().cast();
    // SAFETY: this advice changes no contents, whatever the range is.
    let _ = unsafe { rustix::mm::madvise(start, mapping.len(), Advice::LinuxPopulateWrite) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_the_length_asked_for_and_values_of_its_type() {
        let mut buffer: Buffer<u32> = Buffer::new();
        for len in [0, 1, 5_000, 3_000_000, 100, 2_999_999] {
            buffer.resize(len).unwrap();
            assert_eq!(buffer.len(), len);
            assert!(buffer.iter().all(|&value| value == 0 || value == 7));
            buffer.fill(7);
        }
    }

    #[test]
    fn memory_that_can_not_be_had_is_an_error() {
        for len in [1 << 55, usize::MAX] {
            let message = Buffer::<u64>::new().resize(len).unwrap_err();
            assert!(message.contains(" bytes"), "{message}");
        }
    }
}
