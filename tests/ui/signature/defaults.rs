//! Rust has no defaults of arguments.

#[pasha::kernel]
fn scale<T = f64>(value: T, #[shared] factor: f64) -> f64 {
    factor
}

fn main() {}
