//! A struct of the name that the outputs' would have, beside the kernel.

/// What the program makes of it.
pub struct StatisticsOutput {
    pub mean: f64,
}

#[pasha::kernel]
fn statistics(value: f64, #[output] double: &mut f64, #[reduce(sum)] total: &mut f64) -> f64 {
    *double = 2.0 * value;
    *total += value;
    value
}

fn main() -> pasha::Result<()> {
    let out = statistics::run_parallel(&[1.0, 2.0])?;
    let made = StatisticsOutput { mean: out.total / out.double.len() as f64 };
    println!("{} {}", made.mean, statistics(1.0, &mut 2.0, &mut 3.0));
    Ok(())
}
