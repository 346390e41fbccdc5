//! A keyword is no name.

#[pasha::kernel]
fn match(value: f64) -> f64 {
    value
}

fn main() {}
