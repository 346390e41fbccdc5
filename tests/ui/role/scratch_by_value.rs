//! The worker keeps the buffer.

#[pasha::kernel]
fn sort(value: f64, #[scratch(Vec::new())] buffer: Vec<f64>) -> f64 {
    value + buffer.len() as f64
}

fn main() {}
