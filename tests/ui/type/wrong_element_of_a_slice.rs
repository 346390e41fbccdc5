//! The elements are of another type.

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let _ = double::run_parallel(&[1_u16, 2]);
}
