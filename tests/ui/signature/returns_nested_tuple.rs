//! Each value becomes one array.

#[pasha::kernel]
fn split(value: f64) -> (f64, (f64, f64)) {
    (value, (value, value))
}

fn main() {}
