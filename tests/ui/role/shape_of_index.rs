//! Outputs are allocated before the first item is read.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn repeat(value: f64, #[index] i: usize, #[output(shape = i + 1)] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

fn main() {}
