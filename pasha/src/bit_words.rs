//! Bits in words: which words a range of bits lies in, and where the first of some kind is.

use std::ops::Range;

/// The words of `bits` bits (at most 64) that a range of bits lies in, with those of it that lie
/// there.
pub(crate) fn masks(range: Range<usize>, bits: usize) -> impl Iterator<Item = (usize, u64)> {
    let words = range.start / bits..if range.is_empty() { 0 } else { range.end.div_ceil(bits) };
    words.map(move |word| {
        let from = range.start.saturating_sub(word * bits);
        let to = (range.end - word * bits).min(bits);
        (word, (u64::MAX >> (u64::BITS as usize - to)) & (u64::MAX << from))
    })
}

/// The first bit of a range that is set in what a function gives for the number of its word.
pub(crate) fn first_set(
    range: Range<usize>,
    bits: usize,
    word: impl Fn(usize) -> u64,
) -> Option<usize> {
    masks(range, bits).find_map(|(number, mask)| {
        let found = word(number) & mask;
        (found != 0).then(|| number * bits + found.trailing_zeros() as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_the_bits_of_the_range_and_no_others() {
        for bits in [32, 64] {
            for start in 0..140 {
                for end in start..140 {
                    let found: Vec<usize> = masks(start..end, bits)
                        .flat_map(|(word, mask)| {
                            (0..64)
                                .filter(move |bit| mask >> bit & 1 == 1)
                                .map(move |bit| word * bits + bit)
                        })
                        .collect();
                    assert_eq!(found, (start..end).collect::<Vec<_>>(), "{start}..{end}, {bits}");
                }
            }
        }
    }
}
