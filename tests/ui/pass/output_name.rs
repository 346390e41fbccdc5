//! The struct of outputs has a name of its own where the usual one is taken.
#![deny(warnings)]

struct FitOutput(f64);

#[pasha::kernel(output = FitArrays)]
fn fit(value: f64, #[output] error: &mut f64) -> f64 {
    *error = FitOutput(value).0;
    2.0 * value
}

fn main() -> pasha::Result<()> {
    let out: FitArrays = fit::run_serial(&[1.0])?;
    assert_eq!((out.error[0], out.result[0]), (1.0, 2.0));
    Ok(())
}
