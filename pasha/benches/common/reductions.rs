//! Sums by `#[reduce]`, against the loop that somebody would write by hand; serial and in the cache, where
//! nothing but the loop counts.

use std::hint::black_box;
use std::rc::Rc;

use ndarray::{Array1, ArrayViewMut1};

use super::duel::{Duel, timed_often};

/// Adds up values.
#[pasha::kernel]
fn sum(value: f64, #[reduce(sum)] total: &mut f64) {
    *total += value;
}

/// Adds up integers, which can be done in vectors.
#[pasha::kernel]
fn count(value: u64, #[reduce(sum)] total: &mut u64) {
    *total += value;
}

/// Counts integers by their last digit.
#[pasha::kernel]
fn histogram(value: u64, #[reduce(sum, shape = 10)] mut counts: ArrayViewMut1<u64>) {
    counts[(value % 10) as usize] += 1;
}

#[inline(never)]
fn sum_by_hand(inp: &[f64]) -> f64 {
    inp.iter().sum()
}

#[inline(never)]
fn count_by_hand(inp: &[u64]) -> u64 {
    inp.iter().sum()
}

#[inline(never)]
fn histogram_by_hand(inp: &[u64]) -> Array1<u64> {
    let mut counts = Array1::zeros(10);
    for value in inp {
        counts[(value % 10) as usize] += 1;
    }
    counts
}

/// One sum of floats.
pub(crate) fn floats(len: usize, often: u32) -> Duel {
    let inp = (0..len).map(|index| index as f64).collect();
    duel(inp, often, |inp| sum::run_serial(inp).unwrap(), sum_by_hand)
}

/// One sum of integers.
pub(crate) fn integers(len: usize, often: u32) -> Duel {
    let inp = (0..len as u64).collect();
    duel(inp, often, |inp| count::run_serial(inp).unwrap(), count_by_hand)
}

/// Many sums.
pub(crate) fn bins(len: usize, often: u32) -> Duel {
    let inp = (0..len as u64).collect();
    duel(inp, often, |inp| histogram::run_serial(inp).unwrap().to_owned(), histogram_by_hand)
}

/// Both sides read the same memory.
fn duel<A: 'static, T: PartialEq + std::fmt::Debug + 'static>(
    inp: Vec<A>,
    often: u32,
    ours: fn(&[A]) -> T,
    peer: fn(&[A]) -> T,
) -> Duel {
    assert_eq!(ours(&inp), peer(&inp));
    let inp = Rc::new(inp);
    let same = Rc::clone(&inp);
    Duel::new(
        move || timed_often(often, || _ = black_box(ours(black_box(&inp)))),
        move || timed_often(often, || _ = black_box(peer(black_box(&same)))),
    )
}
