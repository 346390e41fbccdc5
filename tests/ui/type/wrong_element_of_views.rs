//! The arrays are of another type.

use ndarray::{Array3, ArrayView2};

#[pasha::kernel]
fn sum(frame: ArrayView2<f64>) -> f64 {
    frame.sum()
}

fn main() {
    let frames = Array3::<u16>::zeros((3, 4, 5));
    let _ = sum::run_parallel(&frames);
}
