//! An iterator has no item at an index.

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let values = vec![1.0, 2.0];
    let _ = double::run_parallel(values.iter());
}
