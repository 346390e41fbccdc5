//! An output is a field.

#[pasha::kernel]
fn copy(value: f64, #[output] _: &mut f64) -> f64 {
    value
}

fn main() {}
