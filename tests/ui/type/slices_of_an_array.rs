//! The rows of an array need not lie back to back.

use ndarray::Array2;

#[pasha::kernel]
fn sum(row: &[f64]) -> f64 {
    row.iter().sum()
}

fn main() {
    let values = Array2::<f64>::zeros((3, 4));
    let _ = sum::run_parallel(&values);
}
