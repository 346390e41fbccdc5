//! A slot is lent for one call, whatever the signature promises.

use std::sync::Mutex;

/// Keeps the slots of all calls, to write them later.
#[pasha::kernel]
fn keep<'a>(value: f64, #[shared] kept: &Mutex<Vec<&'a mut f64>>, #[output] slot: &'a mut f64) {
    *slot = value;
    kept.lock().unwrap().push(slot);
}

fn main() {}
