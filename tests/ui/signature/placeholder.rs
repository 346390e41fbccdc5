//! The types of a signature are written.

#[pasha::kernel]
fn double(value: f64) -> _ {
    2.0 * value
}

#[pasha::kernel]
fn total(values: &[_]) -> f64 {
    values.iter().sum()
}

fn main() {
    double::run_parallel(&[1.0]).unwrap();
    total::run_parallel(&[[1.0]]).unwrap();
}
