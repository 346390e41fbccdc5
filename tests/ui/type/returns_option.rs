//! Nothing is no value.
#![allow(unused_variables)]

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn root(value: usize) -> Option<usize> {
    value.checked_sub(1)
}

#[pasha::kernel]
fn roots(value: usize) -> (usize, [Option<usize>; 2]) {
    (value, [None; 2])
}

#[pasha::kernel]
fn written(value: usize, #[output] root: &mut Option<usize>) {}

#[pasha::kernel]
fn rows(value: usize, #[output(shape = 3)] roots: ArrayViewMut1<Option<usize>>) {}

fn main() {}
