//! Damaging files, the same way in every run, and reading them in a program that may die of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Numbers that look random and are the same in every run; others if `PASHA_DAMAGE_SEED` is set.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Random {
        let chosen = std::env::var("PASHA_DAMAGE_SEED").ok();
        Random(chosen.map_or(seed, |seed| seed.parse().expect("PASHA_DAMAGE_SEED is a number")))
    }

    /// A number below `end`, and 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end.max(1)
    }

    /// Cuts a file short, flips a bit, overwrites or takes out some bytes, or puts another digit in
    /// the place of one, as where a file says of itself what it is not.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(6) {
            0 => bytes.truncate(at),
            1 | 2 => bytes[at] ^= 1 << self.below(8),
            3 => {
                let end = (at + 16).min(bytes.len());
                bytes[at..end].iter_mut().for_each(|byte| *byte = 0xff);
            }
            4 => drop(bytes.drain(at..(at + 1 + self.below(64)).min(bytes.len()))),
            _ => {
                let digits: Vec<usize> =
                    (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()).collect();
                if let Some(&at) = digits.get(self.below(digits.len())) {
                    bytes[at] = b'0' + (bytes[at] - b'0' + 1 + self.below(9) as u8) % 10;
                }
            }
        }
    }
}

/// What the program `hdf5_reader` at this path says of each file or run, read in one of its ways;
/// `died …` for those that it died at.
///
/// # Panics
/// Panics if the program can't be run or says nothing.
pub fn outcomes(program: &Path, way: &[&str], paths: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let mut outcomes = BTreeMap::new();
    let mut left = paths;
    while !left.is_empty() {
        let mut child = Command::new(program)
            .args(way)
            .args(left)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut current = None;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.strip_prefix("begin ") {
                Some(path) => current = Some(PathBuf::from(path)),
                None => drop(outcomes.insert(current.take().unwrap(), line)),
            }
        }
        let status = child.wait().unwrap();
        if let Some(path) = current {
            outcomes.insert(path, format!("died of {status}"));
        }
        let done = left.iter().take_while(|&path| outcomes.contains_key(path)).count();
        assert!(done > 0, "hdf5_reader did nothing: {status}");
        left = &left[done..];
    }
    outcomes
}
