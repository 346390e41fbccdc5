//! A kernel gets the views of pasha's version of ndarray.

use ndarray_0_16::ArrayView1;

#[pasha::kernel]
fn sum(row: ArrayView1<f64>) -> f64 {
    row.sum()
}

fn main() {
    let rows = ndarray::Array2::<f64>::zeros((3, 4));
    let _ = sum::run_parallel(&rows);
}
