//! `impl` without a trait.

#[pasha::kernel]
fn double(value: f64, #[shared] factor: f64) -> impl {
    factor * value
}

fn main() {}
