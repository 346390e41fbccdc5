//! Buffers that a worker fills again and again.

use std::ptr::NonNull;

use bytemuck::Zeroable;

use super::huge::{HUGE_PAGE, advise_private};

/// Makes a buffer this long. What it held is lost where it has to grow.
///
/// A large one gets huge pages. A heap does not begin at a multiple of them, so that the buffer is
/// given room for one more: then its last bytes are in a huge page, too. One that grows, as for
/// compressed chunks of many lengths, grows by an eighth more.
///
/// # Errors
/// How many bytes could not be had.
pub(crate) fn resize<A: Copy + Zeroable>(buffer: &mut Vec<A>, len: usize) -> Result<(), String> {
    if len > buffer.capacity() {
        let is_large = len.saturating_mul(size_of::<A>()) >= HUGE_PAGE;
        let room = if is_large { HUGE_PAGE / size_of::<A>().max(1) } else { 0 };
        let growth = if buffer.capacity() > 0 { len / 8 } else { 0 };
        // The old one first: the two need not be there at once.
        *buffer = Vec::new();
        *buffer = zeroed(len.saturating_add(growth).saturating_add(room))?;
    }
    buffer.resize(len, A::zeroed());
    Ok(())
}

/// That many zeros, in huge pages where they are many.
///
/// # Errors
/// How many bytes could not be had.
pub(crate) fn zeroed<A: Copy + Zeroable>(len: usize) -> Result<Vec<A>, String> {
    let bytes = len.saturating_mul(size_of::<A>());
    let mut zeros = bytemuck::allocation::try_zeroed_vec::<A>(len)
        .map_err(|()| format!("can't have the memory for {bytes} bytes that are read together"))?;
    let start = NonNull::from(zeros.as_mut_slice()).cast::<u8>();
    let skipped = start.align_offset(HUGE_PAGE);
    let whole = bytes.saturating_sub(skipped) / HUGE_PAGE * HUGE_PAGE;
    if whole > 0 {
        // Without huge pages it is as right, and slower.
        // SAFETY: the huge pages lie within the vector.
        let _ = advise_private(unsafe { start.add(skipped) }, whole);
    }
    Ok(zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_zeros_of_the_length_asked_for() {
        let mut buffer: Vec<u32> = Vec::new();
        for len in [0, 1, 5_000, 3_000_000, 100, 2_999_999] {
            buffer.fill(7);
            resize(&mut buffer, len).unwrap();
            assert_eq!(buffer.len(), len);
        }
        assert!(zeroed::<u16>(3 << 20).unwrap().iter().all(|&value| value == 0));
    }

    #[test]
    fn memory_that_can_not_be_had_is_an_error() {
        let message = zeroed::<u64>(1 << 55).unwrap_err();
        assert!(message.contains("288230376151711744 bytes"), "{message}");
        resize(&mut Vec::<u64>::new(), usize::MAX).unwrap_err();
    }
}
