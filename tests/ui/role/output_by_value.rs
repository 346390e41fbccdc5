//! An output is written to.

#[pasha::kernel]
fn double(value: f64, #[output] out: f64) -> f64 {
    value * out
}

fn main() {}
