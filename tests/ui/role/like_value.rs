//! A value has no shape.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn spread(value: f64, #[output(like = value)] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

fn main() {}
