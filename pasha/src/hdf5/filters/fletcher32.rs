//! HDF5's checksum (filter 3), which lies behind the data.

/// Bytes of a checksum.
pub(super) const SIZE: usize = 4;

/// Takes off and checks HDF5's checksum.
pub(super) fn checked(bytes: &[u8]) -> Result<&[u8], String> {
    let Some((data, stored)) = bytes.split_last_chunk::<SIZE>() else {
        return Err("the chunk is shorter than its checksum: the file is damaged".to_owned());
    };
    let stored = u32::from_le_bytes(*stored);
    let sum = fletcher32(data);
    // Versions of HDF5 before 1.6.3 wrote the bytes of both halves swapped on some machines.
    let [a, b, c, d] = sum.to_le_bytes();
    if sum == stored || u32::from_le_bytes([b, a, d, c]) == stored {
        return Ok(data);
    }
    Err(format!(
        "the chunk's checksum is {sum:#010x}, but {stored:#010x} was written: the file is damaged"
    ))
}

/// HDF5's variant of Fletcher's checksum: words are big-endian, and an odd byte is the high one of
/// a word.
pub(super) fn fletcher32(data: &[u8]) -> u32 {
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let (mut first, mut second) = (0_u32, 0_u32);
    let (words, odd) = data.as_chunks::<2>();
    // So many words can be added before the sums overflow.
    for block in words.chunks(360) {
        for &word in block {
            first += u32::from(u16::from_be_bytes(word));
            second += first;
        }
        first = fold(first);
        second = fold(second);
    }
    if let [byte] = odd {
        first += u32::from(*byte) << 8;
        second += first;
        first = fold(first);
        second = fold(second);
    }
    fold(second) << 16 | fold(first)
}
