//! The items of a 4-D array are 3-D.

use ndarray::{Array4, ArrayView2};

#[pasha::kernel]
fn sum(frame: ArrayView2<f64>) -> f64 {
    frame.sum()
}

fn main() {
    let frames = Array4::<f64>::zeros((2, 3, 4, 5));
    let _ = sum::run_parallel(&frames);
}
