//! An output is not allocated yet.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn spread(
    value: f64,
    #[output(shape = 3)] mut first: ArrayViewMut1<f64>,
    #[output(like = first)] mut second: ArrayViewMut1<f64>,
) {
    first.fill(value);
    second.fill(value);
}

fn main() {}
