//! Two sources are no source of pairs.

#[pasha::kernel]
fn ratio(pair: (f64, f64)) -> f64 {
    pair.0 / pair.1
}

fn main() {
    let (a, b) = (vec![1.0, 2.0], vec![3.0, 4.0]);
    let _ = ratio::run_parallel((&a, &b));
}
