//! The returned value has that name.

#[pasha::kernel]
fn double(value: f64, #[output] result: &mut f64) -> f64 {
    *result = 2.0 * value;
    value
}

fn main() {}
