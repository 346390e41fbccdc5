//! Several workers read what is shared.

use std::cell::Cell;

#[pasha::kernel]
fn count(value: f64, #[shared] calls: &Cell<u64>) -> f64 {
    calls.set(calls.get() + 1);
    value
}

fn main() {}
