//! A size is said once.

use ndarray::{ArrayView1, ArrayViewMut1};

#[pasha::kernel]
fn copy(frame: ArrayView1<f64>, #[output(shape = 3, like = frame)] mut out: ArrayViewMut1<f64>) {
    out.assign(&frame);
}

fn main() {}
