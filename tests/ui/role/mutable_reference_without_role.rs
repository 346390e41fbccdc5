//! What is written to needs a role.

#[pasha::kernel]
fn double(value: f64, out: &mut f64) {
    *out = 2.0 * value;
}

fn main() {}
