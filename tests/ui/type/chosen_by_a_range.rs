//! Indices are a list: a range has to be collected.

fn main() {
    let values = vec![1.0, 2.0, 3.0];
    let chosen = pasha::select(&values, &(0..2));
}
