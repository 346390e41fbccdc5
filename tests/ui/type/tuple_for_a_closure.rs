//! A closure gets the items of one source.

fn main() {
    let (a, b) = (vec![1.0, 2.0], vec![3.0, 4.0]);
    let _ = pasha::map((&a, &b), |_, _, (a, b): (&f64, &f64)| a / b);
}
