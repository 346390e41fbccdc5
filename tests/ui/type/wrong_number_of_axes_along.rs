//! The axis that is mapped over is not one of the item.

use ndarray::{Array2, ArrayView2, Axis};

#[pasha::kernel]
fn sum(frame: ArrayView2<f64>) -> f64 {
    frame.sum()
}

fn main() {
    let values = Array2::<f64>::zeros((3, 4));
    let _ = sum::run_parallel(pasha::axis(&values, Axis(1)));
}
