//! All workers hold it at once.

use ndarray::{ArrayView1, ArrayViewMut1};

#[pasha::kernel]
fn sum(frame: ArrayView1<f64>, #[shared] mut total: ArrayViewMut1<f64>) {
    total += &frame;
}

fn main() {}
