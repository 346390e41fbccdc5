//! A kernel fails for the whole index.

#[pasha::kernel]
fn parse(value: f64) -> (f64, Result<f64, String>) {
    (value, Ok(value))
}

fn main() {}
