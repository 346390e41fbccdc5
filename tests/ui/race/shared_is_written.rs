//! What all workers share is read.

#[pasha::kernel]
fn gather(value: f64, #[shared] seen: &Vec<f64>) -> f64 {
    seen.push(value);
    2.0 * value
}

fn main() {}
