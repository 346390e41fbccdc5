//! Outputs are filled before the first item is read.

#[pasha::kernel]
fn double(value: f64, #[output(fill = value)] out: &mut f64) {
    *out *= 2.0;
}

fn main() {}
