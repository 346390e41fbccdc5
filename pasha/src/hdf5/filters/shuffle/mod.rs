//! Shuffled bytes (HDF5's filter 2): the first bytes of all elements, then the second bytes, ….

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
mod portable;

pub(super) use portable::unshuffle_inline;

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
