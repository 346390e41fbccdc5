//! A misspelt parameter.

use ndarray::{ArrayView1, ArrayViewMut1};

#[pasha::kernel]
fn copy(frame: ArrayView1<f64>, #[output(like = fram)] mut out: ArrayViewMut1<f64>) {
    out.assign(&frame);
}

fn main() {}
