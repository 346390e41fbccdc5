//! Python has no closures of Rust.

#[pasha::kernel(python)]
fn apply(value: f64, #[shared] function: &impl Fn(f64) -> f64) -> f64 {
    function(value)
}

fn main() {}
