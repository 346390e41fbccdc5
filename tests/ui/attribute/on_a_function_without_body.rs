//! A kernel has a body.

#[pasha::kernel]
fn double(value: f64) -> f64;

fn main() {}
