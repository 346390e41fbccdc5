//! Simple kernels against the loops that somebody would write by hand; serial and in the cache,
//! where nothing but the loop counts.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Ix1};
use pasha::{SerialContext, SharedArray};

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

/// Multiplies each byte with 3.
#[pasha::kernel]
fn triple(value: u8) -> u8 {
    value.wrapping_mul(3)
}

/// Adds up a few values.
#[pasha::kernel]
fn add(values: ArrayView1<f64>) -> f64 {
    values[0] + values[1] + values[2]
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

/// One byte for each byte.
pub(crate) fn bytes(len: usize, often: u32) -> Duel {
    let inp: Vec<u8> = (0..len).map(|index| index as u8).collect();
    let ours = |inp: &Vec<u8>, out: &mut SharedArray<u8, Ix1>| {
        triple::run_into(&SerialContext::new(), inp, out).unwrap();
    };
    let peer = |inp: &Vec<u8>, out: &mut [u8]| {
        for (out, value) in out.iter_mut().zip(inp) {
            *out = value.wrapping_mul(3);
        }
    };
    let out = triple::run_serial(&inp).unwrap();
    duel_into(inp, out, often, ours, peer)
}

/// Rows of three values.
pub(crate) fn rows(len: usize, often: u32) -> Duel {
    let inp = Array2::from_shape_fn((len, 3), |(row, column)| (row + column) as f64);
    let ours = |inp: &Array2<f64>, out: &mut SharedArray<f64, Ix1>| {
        add::run_into(&SerialContext::new(), inp, out).unwrap();
    };
    let peer = |inp: &Array2<f64>, out: &mut [f64]| {
        for (out, row) in out.iter_mut().zip(inp.rows()) {
            *out = row[0] + row[1] + row[2];
        }
    };
    let out = add::run_serial(&inp).unwrap();
    duel_into(inp, out, often, ours, peer)
}

/// Windows of three values.
pub(crate) fn windows(len: usize, often: u32) -> Duel {
    let inp = Array1::from_shape_fn(len, |index| index as f64);
    let ours = |inp: &Array1<f64>, out: &mut SharedArray<f64, Ix1>| {
        add::run_into(&SerialContext::new(), pasha::windows(inp, 3), out).unwrap();
    };
    let peer = |inp: &Array1<f64>, out: &mut [f64]| {
        for (out, window) in out.iter_mut().zip(inp.windows(3)) {
            *out = window[0] + window[1] + window[2];
        }
    };
    let out = add::run_serial(pasha::windows(&inp, 3)).unwrap();
    duel_into(inp, out, often, ours, peer)
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

/// Both sides read and write the same memory.
fn duel_into<I: 'static, A: PartialEq + std::fmt::Debug + Clone + 'static>(
    inp: I,
    out: SharedArray<A, Ix1>,
    often: u32,
    ours: fn(&I, &mut SharedArray<A, Ix1>),
    peer: fn(&I, &mut [A]),
) -> Duel {
    let mut by_hand = out.to_vec();
    peer(&inp, &mut by_hand);
    assert_eq!(out.to_vec(), by_hand);
    let both = Rc::new(RefCell::new((inp, out)));
    let same = Rc::clone(&both);
    Duel::new(
        move || {
            let (inp, out) = &mut *both.borrow_mut();
            timed_often(often, || ours(black_box(inp), black_box(out)))
        },
        move || {
            let (inp, out) = &mut *same.borrow_mut();
            let out = out.as_slice_mut().unwrap();
            timed_often(often, || peer(black_box(inp), black_box(out)))
        },
    )
}
