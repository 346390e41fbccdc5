//! Bytes of elements put together on any processor.

/// As [`unshuffle`](super::unshuffle), compiled with what its caller may use.
#[inline(always)]
pub(in crate::hdf5::filters) fn unshuffle_inline(size: usize, shuffled: &[u8], out: &mut [u8]) {
    match size {
        0 | 1 => out.copy_from_slice(shuffled),
        2 => unshuffle_elements::<2>(shuffled, out),
        4 => unshuffle_elements::<4>(shuffled, out),
        8 => unshuffle_elements::<8>(shuffled, out),
        _ => {
            let len = shuffled.len() / size;
            let whole = len * size;
            for (at, element) in out[..whole].chunks_exact_mut(size).enumerate() {
                for (byte, place) in element.iter_mut().enumerate() {
                    *place = shuffled[byte * len + at];
                }
            }
            out[whole..].copy_from_slice(&shuffled[whole..]);
        }
    }
}

#[inline(always)]
fn unshuffle_elements<const SIZE: usize>(shuffled: &[u8], out: &mut [u8]) {
    let len = shuffled.len() / SIZE;
    let (elements, rest) = out.as_chunks_mut::<SIZE>();
    let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &shuffled[byte * len..][..len]);
    // As slices of the same length, so that the compiler sees that no index is beyond an end.
    let elements = &mut elements[..len];
    for at in 0..len {
        elements[at] = std::array::from_fn(|byte| planes[byte][at]);
    }
    rest.copy_from_slice(&shuffled[len * SIZE..]);
}
