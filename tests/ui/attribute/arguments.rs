//! `#[kernel]` takes no arguments.

#[pasha::kernel(threads = 4)]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {}
