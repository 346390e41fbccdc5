//! Ragged slots have one axis.

use ndarray::ArrayViewMut2;

#[pasha::kernel]
fn repeat(count: usize, #[output(ragged = count)] mut out: ArrayViewMut2<f64>) {
    out.fill(1.0);
}

fn main() {}
