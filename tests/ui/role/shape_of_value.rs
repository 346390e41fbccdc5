//! Outputs are allocated before the first item is read.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn repeat(count: usize, #[output(shape = (count,))] mut out: ArrayViewMut1<f64>) {
    out.fill(1.0);
}

fn main() {}
