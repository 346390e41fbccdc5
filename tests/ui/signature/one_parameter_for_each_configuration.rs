#[pasha::kernel]
fn either(#[cfg(not(single))] value: f64, #[cfg(single)] value: f32) -> f64 {
    f64::from(value)
}

fn main() {}
