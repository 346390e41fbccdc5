//! An array of another version of ndarray is another type.

use ndarray::ArrayView1;

#[pasha::kernel]
fn sum(row: ArrayView1<f64>) -> f64 {
    row.sum()
}

fn main() {
    let rows = ndarray_0_16::Array2::<f64>::zeros((3, 4));
    let _ = sum::run_parallel(&rows);
}
