//! A length is an unsigned integer.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn repeat(count: f64, #[output(ragged = count)] mut out: ArrayViewMut1<f64>) {
    out.fill(1.0);
}

fn main() {}
