//! Somebody must make the buffer.

#[pasha::kernel]
fn sort(value: f64, #[scratch] buffer: &mut Vec<f64>) -> f64 {
    value + buffer.len() as f64
}

fn main() {}
