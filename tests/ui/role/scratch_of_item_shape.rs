//! The buffer is made before the first item, whose shape is not known there.

use ndarray::ArrayView2;

#[pasha::kernel]
fn sum(frame: ArrayView2<f64>, #[scratch(vec![0.0; frame.ncols()])] sums: &mut Vec<f64>) -> f64 {
    sums.copy_from_slice(frame.row(0).as_slice().unwrap());
    sums.iter().sum()
}

fn main() {}
