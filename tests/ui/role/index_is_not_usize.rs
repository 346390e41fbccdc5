//! The index counts.

#[pasha::kernel]
fn ramp(value: f64, #[index] index: f64) -> f64 {
    value * index
}

fn main() {}
