//! The option is a word.

#[pasha::kernel(python, python)]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel(python = "yes")]
fn triple(value: f64) -> f64 {
    3.0 * value
}

fn main() {}
