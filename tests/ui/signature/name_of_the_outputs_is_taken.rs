//! The struct of outputs has the name of another type: one error, wherever the outputs are used.

struct MomentsOutput {
    seconds: f64,
}

#[pasha::kernel]
fn moments(value: f64, #[output] square: &mut f64, #[output] cube: &mut f64) {
    *square = value * value;
    *cube = value * *square;
}

fn main() -> pasha::Result<()> {
    let mut out = moments::run_parallel(&[1.0, 2.0])?;
    moments::run_into(&pasha::SerialContext::new(), &[3.0, 4.0], &mut out)?;
    let took = MomentsOutput { seconds: 0.5 };
    println!("{} {} in {} s", out.square, out.cube, took.seconds);
    Ok(())
}
