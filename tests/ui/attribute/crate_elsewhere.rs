//! A path at which pasha is not.

#[pasha::kernel(crate = "elsewhere")]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {}
