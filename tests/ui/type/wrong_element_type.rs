//! The items are of another type.

use ndarray::Array1;

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let values = Array1::<f32>::zeros(3);
    let _ = double::run_parallel(&values);
}
