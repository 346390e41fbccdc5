//! The parts of a slice come from an iterator.

fn main() {
    let values = vec![1.0, 2.0, 3.0];
    let _ = pasha::map(values.chunks(2), |_, _, part: &[f64]| part[0]);
}
