//! The feature is what brings Python.

#[pasha::kernel(python)]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let _ = double::run_serial(&[1.0]);
}
