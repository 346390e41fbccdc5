//! The path leads to a crate that is not pasha.

#[pasha::kernel(crate = "ndarray")]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {}
