//! A view is returned, and without its axes.

use ndarray::{ArrayView, ArrayView2};

#[pasha::kernel]
fn crop(frame: ArrayView2<f64>) -> ArrayView<f64> {
    frame
}

#[pasha::kernel]
fn make(value: f64) -> ndarray::ArrayViewMut1<f64> {
    todo!("{value}")
}

fn main() {}
