//! The frames of an array come from an iterator.

use ndarray::{Array3, ArrayView2, Axis};

#[pasha::kernel]
fn sum(frame: ArrayView2<f64>) -> f64 {
    frame.sum()
}

fn main() {
    let frames = Array3::<f64>::zeros((3, 4, 5));
    let _ = sum::run_parallel(frames.axis_iter(Axis(1)));
}
