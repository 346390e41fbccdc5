//! There is one index.

#[pasha::kernel]
fn ramp(value: f64, #[index] i: usize, #[index] j: usize) -> f64 {
    value * (i + j) as f64
}

fn main() {}
