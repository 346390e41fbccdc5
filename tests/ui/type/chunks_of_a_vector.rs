//! The parts of a slice come from an iterator.

use ndarray::ArrayView1;

#[pasha::kernel]
fn sum(part: ArrayView1<f64>) -> f64 {
    part.sum()
}

fn main() {
    let values = vec![1.0, 2.0, 3.0];
    let _ = sum::run_parallel(values.chunks(2));
}
