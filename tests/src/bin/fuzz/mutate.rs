//! Damage that knows what files are made of.

/// Numbers that look random, the same for the same seed (splitmix64, Steele et al. 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, and 0 if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Where types end, and what is no number.
const NUMBERS: [&str; 22] = [
    "0",
    "1",
    "-1",
    "2",
    "7",
    "255",
    "65535",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "1099511627776",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "0.5",
    "NaN",
    "3L",
    "00000000000000000000001",
];

const WORDS: [&str; 36] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "'",
    "\"",
    "\\",
    " ",
    "\t",
    "\n",
    "\0",
    "é",
    "True",
    "False",
    "None",
    "null",
    "true",
    "'descr'",
    "'shape'",
    "'fortran_order'",
    "<f8",
    ">c16",
    "|b1",
    "[('x', '<i4')]",
    "()",
    "(,)",
    "np.int64(2)",
    "#",
    "{}",
    "[[[[[[[[",
    "\"NaN\"",
    "u'",
];

/// A file of the corpus, damaged in one to five ways; now and then not at all.
pub(super) fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut file = random.of(corpus).clone();
    for _ in 0..random.below(6) {
        let other = random.of(corpus);
        mutate(random, &mut file, other);
    }
    file
}

fn mutate(random: &mut Random, file: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(file.len() + 1);
    let most = 1 << random.below(7);
    let len = 1 + random.below(most);
    let end = (at + len).min(file.len());
    match random.below(14) {
        0 => file.truncate(at),
        1 => file[at..end].iter_mut().take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
        2 => drop(file.drain(at..end)),
        3 => {
            let doubled = file[at..end].to_vec();
            file.splice(at..at, doubled);
        }
        4 | 5 => drop(file.splice(at..at, random.of(&WORDS).bytes())),
        6 => drop(file.splice(at..end, random.of(&WORDS).bytes())),
        7..10 => {
            // One of the numbers becomes another.
            let is_digit = |place: usize| file.get(place).is_some_and(u8::is_ascii_digit);
            let starts: Vec<usize> = (0..file.len())
                .filter(|&place| is_digit(place) && (place == 0 || !is_digit(place - 1)))
                .collect();
            let start = if starts.is_empty() { at } else { *random.of(&starts) };
            let digits = (start..).take_while(|&place| is_digit(place)).count();
            file.splice(start..start + digits, random.of(&NUMBERS).bytes());
        }
        10 => {
            // A number of two, four or eight bytes.
            let size = 2 << random.below(3);
            let value = *random.of(&[
                0,
                1,
                0x7F,
                0xFF,
                0xFFFF,
                0x7FFF_FFFF,
                u64::from(u32::MAX),
                i64::MAX as u64,
                u64::MAX,
            ]);
            let bytes = value.wrapping_add(random.below(3) as u64).to_le_bytes();
            file.iter_mut().skip(at).zip(&bytes[..size]).for_each(|(old, new)| *old = *new);
        }
        11 => {
            let from = random.below(other.len() + 1);
            let until = (from + len).min(other.len());
            file.splice(at..end, other[from..until].iter().copied());
        }
        12 => {
            let bracket = *random.of(b"([{'\"");
            let times = 1 << random.below(15);
            file.splice(at..at, std::iter::repeat_n(bracket, times));
        }
        _ => file[at..end].iter_mut().for_each(|byte| *byte = random.next() as u8),
    }
}
