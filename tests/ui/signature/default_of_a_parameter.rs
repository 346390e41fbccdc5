//! Rust has no defaults of arguments.

#[pasha::kernel]
fn scale(value: f64, #[shared] factor: f64 = 3.0) -> f64 {
    factor * value
}

fn main() {}
