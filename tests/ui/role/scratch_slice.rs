//! The worker keeps the buffer, whose size must be known.

#[pasha::kernel]
fn sort(value: f64, #[scratch(vec![0.0; 9])] buffer: &mut [f64]) -> f64 {
    value + buffer[0]
}

fn main() {}
