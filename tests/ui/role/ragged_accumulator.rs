//! Only outputs of each index are ragged.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn sum(count: usize, #[per_worker(ragged = count, shape = 1)] mut out: ArrayViewMut1<f64>) {
    out.fill(1.0);
}

fn main() {}
