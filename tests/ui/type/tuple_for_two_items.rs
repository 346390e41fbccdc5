//! The sources of two items are given one after another.

#[pasha::kernel]
fn ratio(a: f64, b: f64) -> f64 {
    a / b
}

fn main() {
    let (a, b) = (vec![1.0, 2.0], vec![3.0, 4.0]);
    let _ = ratio::run_parallel((&a, &b));
}
