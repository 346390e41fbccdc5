//! An output is written to.

use ndarray::ArrayView1;

#[pasha::kernel]
fn double(value: f64, #[output(shape = 3)] out: ArrayView1<f64>) -> f64 {
    value * out[0]
}

fn main() {}
