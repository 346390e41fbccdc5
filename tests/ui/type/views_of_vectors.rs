//! Vectors are no arrays.

use ndarray::ArrayView1;

#[pasha::kernel]
fn sum(row: ArrayView1<f64>) -> f64 {
    row.sum()
}

fn main() {
    let values = vec![vec![1.0], vec![2.0, 3.0]];
    let _ = sum::run_parallel(&values);
}
