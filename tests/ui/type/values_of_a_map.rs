//! The values of a map have no order.

use std::collections::HashMap;

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let by_name: HashMap<String, f64> = HashMap::new();
    let _ = double::run_parallel(by_name.values());
}
