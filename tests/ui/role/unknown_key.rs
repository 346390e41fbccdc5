//! A misspelt key.

#[pasha::kernel]
fn double(value: f64, #[output(fil = 0.0)] out: &mut f64) {
    *out = 2.0 * value;
}

fn main() {}
