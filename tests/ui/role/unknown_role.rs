//! A misspelt role.

#[pasha::kernel]
fn scale(value: f64, #[sharde] factor: f64) -> f64 {
    value * factor
}

fn main() {}
