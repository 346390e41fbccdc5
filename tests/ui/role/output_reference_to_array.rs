//! A slot that is an array is a view.

use ndarray::{Array1, ArrayView1};

#[pasha::kernel]
fn copy(frame: ArrayView1<f64>, #[output(like = frame)] out: &mut Array1<f64>) {
    out.assign(&frame);
}

fn main() {}
