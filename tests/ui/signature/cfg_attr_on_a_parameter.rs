//! The generated functions have the same parameters everywhere.

#[pasha::kernel]
fn scale(value: f64, #[cfg_attr(all(), shared)] factor: f64) -> f64 {
    factor * value
}

fn main() {}
