//! A key is given once.

#[pasha::kernel]
fn double(value: f64, #[output(fill = 0.0, fill = 1.0)] out: &mut f64) {
    *out = 2.0 * value;
}

fn main() {}
