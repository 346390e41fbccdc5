//! An iterator has no item at an index.

fn main() {
    let values = vec![1.0, 2.0];
    let _ = pasha::map(values.iter(), |_, _, value: &f64| *value);
}
