//! A format string mentions what it captures.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn write(
    value: f64,
    #[worker_id] worker: usize,
    #[output(shape = format!("{value}").len())] mut digits: ArrayViewMut1<f64>,
    #[output(ragged = format!("{value:>worker$}").len())] mut padded: ArrayViewMut1<f64>,
    #[scratch(format!("buffer of {value}"))] text: &mut String,
) {
    digits.fill(value);
    padded.fill(text.len() as f64 + worker as f64);
}

fn main() {}
