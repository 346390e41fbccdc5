//! The shape has as many axes as the slot.

use ndarray::ArrayViewMut2;

#[pasha::kernel]
fn spread(value: f64, #[output(shape = (2, 3, 4))] mut out: ArrayViewMut2<f64>) {
    out.fill(value);
}

fn main() {}
