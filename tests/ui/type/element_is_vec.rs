//! An element is a plain value.

#[pasha::kernel]
fn repeat(value: f64) -> Vec<f64> {
    vec![value; 3]
}

fn main() {}
