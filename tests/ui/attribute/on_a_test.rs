//! A kernel is tested, and is no test.

#[pasha::kernel]
#[test]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() -> pasha::Result<()> {
    double::run_parallel(&[1.0])?;
    Ok(())
}
