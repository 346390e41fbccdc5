//! Names tell parameters apart.

#[pasha::kernel]
fn scale(value: f64, #[shared] value: f64) -> f64 {
    value * value
}

fn main() {
    let _ = scale::run_parallel(&[1.0], 3.0);
}
