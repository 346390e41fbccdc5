//! Shuffled bytes (HDF5's filter 2): the first bytes of all elements, then the second bytes, ….

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;

/// Puts the bytes of each element of `size` bytes together again; both sides are of one length.
pub(super) fn unshuffle(size: usize, shuffled: &[u8], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor that runs this has AVX2, which is all that the function asks for.
        unsafe { avx2::unshuffle(size, shuffled, out) };
        return;
    }
    unshuffle_inline(size, shuffled, out);
}

/// As [`unshuffle`], compiled with what its caller may use.
#[inline(always)]
pub(super) fn unshuffle_inline(size: usize, shuffled: &[u8], out: &mut [u8]) {
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

/// Shuffles bytes, for tests.
#[cfg(test)]
pub(super) fn shuffle(size: usize, data: &[u8]) -> Vec<u8> {
    let len = data.len() / size;
    let mut out = Vec::new();
    for byte in 0..size {
        out.extend((0..len).map(|at| data[at * size + byte]));
    }
    out.extend(&data[len * size..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_bytes_come_back() {
        let data: Vec<u8> = (0..=255).cycle().take(1003).collect();
        for size in [1, 2, 3, 4, 7, 8, 16] {
            for len in [0, 1, size, 100, data.len()] {
                let shuffled = shuffle(size, &data[..len]);
                let (mut out, mut portable) = (vec![0; len], vec![0; len]);
                unshuffle(size, &shuffled, &mut out);
                unshuffle_inline(size, &shuffled, &mut portable);
                assert_eq!(out, data[..len], "{len} bytes, elements of {size}");
                assert_eq!(portable, data[..len], "{len} bytes, elements of {size}");
            }
        }
    }
}
