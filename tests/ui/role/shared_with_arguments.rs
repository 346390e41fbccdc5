//! `#[shared]` takes nothing.

#[pasha::kernel]
fn scale(value: f64, #[shared(once)] factor: f64) -> f64 {
    value * factor
}

fn main() {}
