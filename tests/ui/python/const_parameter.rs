//! No argument from Python says what a const parameter is.

#[pasha::kernel(python)]
fn repeat<const N: usize>(value: f64) -> [f64; N] {
    [value; N]
}

fn main() {}
