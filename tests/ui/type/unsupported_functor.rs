//! A set has no first item.

use std::collections::HashSet;

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let values: HashSet<u64> = HashSet::new();
    let _ = double::run_parallel(&values);
}
