//! Nothing says how many indices there are.

#[pasha::kernel]
fn constant(#[shared] value: f64) -> f64 {
    value
}

fn main() {}
