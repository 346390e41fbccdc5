//! A slot is lent for one call.

use std::sync::Mutex;

/// Keeps the slots of all calls, to write them later.
#[pasha::kernel]
fn keep(value: f64, #[shared] kept: &Mutex<Vec<&'static mut f64>>, #[output] slot: &mut f64) {
    *slot = value;
    kept.lock().unwrap().push(slot);
}

fn main() {}
