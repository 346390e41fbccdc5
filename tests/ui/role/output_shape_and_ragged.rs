//! A size is said once.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn repeat(count: usize, #[output(shape = 3, ragged = count)] mut out: ArrayViewMut1<f64>) {
    out.fill(1.0);
}

fn main() {}
