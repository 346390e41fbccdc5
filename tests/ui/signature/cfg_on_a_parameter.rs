//! The generated functions have the same parameters everywhere.

#[pasha::kernel]
fn scale(
    value: f64,
    #[shared]
    #[cfg(unix)]
    factor: f64,
) -> f64 {
    value * factor
}

fn main() {}
