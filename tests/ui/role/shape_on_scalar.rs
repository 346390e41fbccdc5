//! One value has no shape.

#[pasha::kernel]
fn double(value: f64, #[output(shape = 3)] out: &mut f64) {
    *out = 2.0 * value;
}

fn main() {}
