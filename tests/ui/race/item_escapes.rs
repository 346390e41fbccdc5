//! An item is lent for one call.

use ndarray::ArrayView1;
use std::sync::Mutex;

/// Keeps the items of all calls, whose buffer will be used again.
#[pasha::kernel]
fn keep<'a>(frame: ArrayView1<'a, f64>, #[shared] kept: &Mutex<Vec<ArrayView1<'a, f64>>>) {
    kept.lock().unwrap().push(frame);
}

fn main() {}
