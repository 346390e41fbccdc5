//! The names of parameters are those of arguments in Python.

#[pasha::kernel(python)]
fn shift(value: f64, #[shared] out: f64, #[shared] lambda: f64, #[shared] skip: f64) -> f64 {
    value + out + lambda + skip
}

fn main() {}
