//! An attribute that is no role.

#[pasha::kernel]
fn scale(value: f64, #[constant] factor: f64) -> f64 {
    value * factor
}

fn main() {}
