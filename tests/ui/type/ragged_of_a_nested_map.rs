//! The handle of one call is not to take the place of that of another, whose memory may be gone.

use std::sync::Mutex;

use pasha::Ragged;

#[pasha::kernel]
fn inner(
    value: f64,
    #[shared] outer: &Mutex<&mut Ragged<f64>>,
    #[output(ragged)] pushed: &mut Ragged<f64>,
) {
    pushed.push(value);
    std::mem::swap(&mut **outer.lock().unwrap(), pushed);
}

fn main() {}
