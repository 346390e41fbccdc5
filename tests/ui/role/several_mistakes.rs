//! All mistakes are reported in one build, and none twice.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn correct(
    _: f64,
    #[sharde] gain: f64,
    #[index] index: u32,
    #[output(shape = 3, fil = 0.0)] mut out: ArrayViewMut1<f64>,
) -> impl Copy {
    out[0] = gain * index as f64;
    1.0
}

fn _use_it() -> pasha::Result<()> {
    let out = correct::run_parallel(&[1.0], 2.0)?;
    println!("{}", out.out.sum() + out.result[0]);
    Ok(())
}

fn main() {}
