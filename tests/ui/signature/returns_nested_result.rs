//! A kernel fails or not.

#[pasha::kernel]
fn parse(value: f64) -> Result<Result<f64, String>, String> {
    Ok(Ok(value))
}

fn main() {}
