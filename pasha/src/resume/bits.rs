//! A bit for each index, in memory that all workers share, with checksums.
//!
//! The bits lie in words of 64: in the lower half 32 of them, the lowest first, and in the upper
//! half the checksum (CRC-32) of those, of the word's number, and of the file's header. A word is
//! only ever changed as a whole, by one compare-and-swap.
//!
//! That is why the checksums are by word and not by page. A worker can be killed at any
//! instruction: whichever it is, each word is what it was before the swap or what it is after, and
//! its checksum is right. With one checksum for a page there would be an instruction between the
//! bits and their checksum, several workers at a time could be in between, and a file that was left
//! so could not be told from a damaged one. A word that was damaged at rest is noticed: CRC-32
//! notices every change of up to 32 bits in a row, and of up to six bits anywhere in texts this
//! short, and of all others but one in 2³². Words that have changed places, or come from another
//! job's file, have another number or header.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bit_words::{first_set, masks};
use crate::memory::Mapping;

/// The bits in a word.
const BITS: usize = 32;

/// The bits of a job file.
#[derive(Clone, Copy)]
pub(super) struct Bits<'b> {
    words: &'b [AtomicU64],
    len: usize,
    /// The checksum of the header.
    header: u32,
}

/// The bytes that this many bits take.
pub(super) fn bytes(len: usize) -> usize {
    len.div_ceil(BITS) * size_of::<AtomicU64>()
}

/// The bytes of this many bits, none of them set, of a file with this header.
pub(super) fn none_set(len: usize, header: u32) -> impl Iterator<Item = u8> {
    (0..len.div_ceil(BITS)).flat_map(move |number| word(header, number, 0).to_ne_bytes())
}

/// Checks the words of a file.
///
/// # Errors
/// What is damaged, with both values.
pub(super) fn check(words: &[u8], len: usize, header: u32) -> Result<(), String> {
    let (words, _) = words.as_chunks();
    for (number, &found) in words.iter().enumerate() {
        let found = u64::from_ne_bytes(found);
        let needed = word(header, number, found as u32);
        let first = number * BITS;
        if found != needed {
            return Err(format!(
                "what it says of the items {first} to {} has the checksum {:08x}, but {:08x} is noted there",
                (first + BITS).min(len) - 1,
                needed >> BITS,
                found >> BITS,
            ));
        }
        let beyond = (found as u32).checked_shr(len.saturating_sub(first) as u32).unwrap_or(0);
        if beyond != 0 {
            let set = len.max(first) + beyond.trailing_zeros() as usize;
            return Err(format!("it says that item {set} is done, but there are {len}"));
        }
    }
    Ok(())
}

/// The word of these bits.
fn word(header: u32, number: usize, bits: u32) -> u64 {
    let mut checksum = crc32fast::Hasher::new_with_initial(header);
    let [a, b, c, d] = bits.to_le_bytes();
    let [e, f, g, h, i, j, k, l] = (number as u64).to_le_bytes();
    checksum.update(&[a, b, c, d, e, f, g, h, i, j, k, l]);
    u64::from(checksum.finalize()) << BITS | u64::from(bits)
}

impl<'b> Bits<'b> {
    /// The bits in a mapping, of a file whose header has this checksum.
    ///
    /// # Panics
    /// Panics if the mapping is too short.
    pub(super) fn of(mapping: &'b Mapping, len: usize, header: u32) -> Bits<'b> {
        assert!(bytes(len) <= mapping.len(), "the mapping holds all bits");
        // SAFETY: the mapping lives as long as `'b`, is at least this long, as asserted, and begins
        // at a multiple of 4096 bytes, behind the header. Atomics may be written by anybody,
        // and all bytes are valid ones.
        let words = unsafe {
            std::slice::from_raw_parts(mapping.start().as_ptr().cast(), len.div_ceil(BITS))
        };
        Bits { words, len, header }
    }

    /// How many are set.
    pub(super) fn count(self) -> usize {
        let ones = |word: &AtomicU64| (word.load(Ordering::Acquire) as u32).count_ones() as usize;
        self.words.iter().map(ones).sum()
    }

    /// Sets those of a range, after everything that the caller has written before.
    pub(super) fn set(self, range: Range<usize>) {
        for (number, mask) in masks(range.start..range.end.min(self.len), BITS) {
            let place = &self.words[number];
            let set = |old: u64| {
                let bits = old as u32;
                // A word that a wild pointer has damaged stays so, to be noticed when the file is
                // opened.
                let is_whole = word(self.header, number, bits) == old;
                is_whole.then(|| word(self.header, number, bits | mask as u32))
            };
            let _ = place.fetch_update(Ordering::Release, Ordering::Relaxed, set);
        }
    }

    /// Clears those of a range, which nobody sets meanwhile.
    pub(super) fn clear(self, range: Range<usize>) {
        for (number, mask) in masks(range.start..range.end.min(self.len), BITS) {
            let clear = |old: u64| {
                let bits = old as u32;
                let is_whole = word(self.header, number, bits) == old;
                is_whole.then(|| word(self.header, number, bits & !(mask as u32)))
            };
            let place = &self.words[number];
            let _ = place.fetch_update(Ordering::Release, Ordering::Relaxed, clear);
        }
    }

    /// A copy of them, as they are now.
    pub(super) fn copy(self) -> Box<[u32]> {
        self.words.iter().map(|word| word.load(Ordering::Acquire) as u32).collect()
    }

    /// The first in a row that are not set.
    pub(super) fn next_clear(self, within: Range<usize>) -> Option<Range<usize>> {
        let end = within.end.min(self.len);
        next_clear(within.start..end, |number| self.words[number].load(Ordering::Acquire) as u32)
    }
}

/// The first bits in a row that are not set in these words.
pub(super) fn next_clear(
    within: Range<usize>,
    word: impl Fn(usize) -> u32,
) -> Option<Range<usize>> {
    let start = first_set(within.clone(), BITS, |number| u64::from(!word(number)))?;
    let end = first_set(start..within.end, BITS, |number| u64::from(word(number)));
    Some(start..end.unwrap_or(within.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Memory, Pages};

    const HEADER: u32 = 0x1234_5678;

    fn mapping(len: usize) -> Mapping {
        let mapping = Mapping::anonymous(bytes(len), Memory::Private, Pages::Ordinary).unwrap();
        let none: Vec<u8> = none_set(len, HEADER).collect();
        // SAFETY: the mapping is new, and as long.
        unsafe { mapping.start().as_ptr().copy_from_nonoverlapping(none.as_ptr(), none.len()) };
        mapping
    }

    fn stored(bits: Bits<'_>) -> Vec<u8> {
        bits.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect()
    }

    /// Whatever is set and asked for, it agrees with a list of booleans.
    #[test]
    fn bits_agree_with_a_list() {
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 33) as usize % below
        };
        for len in [1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000] {
            let mapping = mapping(len);
            let bits = Bits::of(&mapping, len, HEADER);
            let mut list = vec![false; len];
            for _ in 0..300 {
                let start = next(len + 1);
                let range = start..start + next(len + 1 - start).min(next(100) + 1);
                if next(7) == 0 {
                    bits.clear(range.clone());
                    list[range.clone()].fill(false);
                } else if next(3) > 0 && list.iter().filter(|&&set| !set).count() > len / 4 {
                    bits.set(range.clone());
                    list[range.clone()].fill(true);
                }
                assert_eq!(bits.count(), list.iter().filter(|&&set| set).count());
                let clear = range.clone().find(|&i| !list[i]);
                let clear = clear
                    .map(|from| from..(from..range.end).find(|&i| list[i]).unwrap_or(range.end));
                assert_eq!(bits.next_clear(range.clone()), clear, "{range:?} of {len}");
                assert_eq!(check(&stored(bits), len, HEADER), Ok(()));
            }
        }
    }

    /// After each swap, which is where a kill can leave it, what is stored is right, also where
    /// several workers set bits of one word.
    #[test]
    fn the_words_are_right_after_every_swap() {
        const LEN: usize = 96;
        let mapping = mapping(LEN);
        let bits = Bits::of(&mapping, LEN, HEADER);
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                let mut looks = 0;
                while !done.load(Ordering::Relaxed) || looks == 0 {
                    assert_eq!(check(&stored(bits), LEN, HEADER), Ok(()));
                    looks += 1;
                }
            });
            let setters: Vec<_> = (0..3)
                .map(|first| {
                    scope.spawn(move || (first..LEN).step_by(3).for_each(|i| bits.set(i..i + 1)))
                })
                .collect();
            setters.into_iter().for_each(|setter| setter.join().unwrap());
            done.store(true, Ordering::Relaxed);
            watch.join().unwrap();
        });
        assert_eq!(bits.count(), LEN);
    }

    #[test]
    fn every_flipped_bit_is_noticed_and_told_with_both_values() {
        const LEN: usize = 70;
        let mapping = mapping(LEN);
        let bits = Bits::of(&mapping, LEN, HEADER);
        bits.set(3..40);
        let whole = stored(bits);
        assert_eq!(whole.len(), 24);
        for bit in 0..whole.len() * 8 {
            for other in bit..whole.len() * 8 {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if other != bit {
                    flipped[other / 8] ^= 1 << (other % 8);
                }
                let reason = check(&flipped, LEN, HEADER).unwrap_err();
                assert!(reason.contains("checksum"), "{reason}");
            }
        }
        for wrong in [[0; 24], [0xff; 24]] {
            assert!(check(&wrong, LEN, HEADER).is_err());
        }
        let swapped = [&whole[8..16], &whole[..8], &whole[16..]].concat();
        assert!(check(&swapped, LEN, HEADER).is_err());
        assert!(check(&whole, LEN, HEADER + 1).is_err());
        // Bits of items that there are not, with a checksum that is right.
        let beyond = [&whole[..16], &word(HEADER, 2, 1 << 6).to_ne_bytes()].concat();
        assert_eq!(
            check(&beyond, LEN, HEADER).unwrap_err(),
            "it says that item 70 is done, but there are 70"
        );
        // A word that was damaged meanwhile stays damaged.
        bits.words[1].fetch_xor(1 << 20, Ordering::Relaxed);
        bits.set(32..64);
        assert!(check(&stored(bits), LEN, HEADER).is_err());
    }
}
