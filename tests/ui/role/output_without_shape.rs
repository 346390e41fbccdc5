//! Somebody must say how large a slot is.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn spread(value: f64, #[output] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

fn main() {}
