//! What is written to needs a role.

use ndarray::{ArrayView1, ArrayViewMut1};

#[pasha::kernel]
fn copy(frame: ArrayView1<f64>, mut out: ArrayViewMut1<f64>) {
    out.assign(&frame);
}

fn main() {}
