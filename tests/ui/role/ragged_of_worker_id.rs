//! A slot must not depend on who writes it.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn repeat(
    value: f64,
    #[worker_id] worker: usize,
    #[output(ragged = worker)] mut out: ArrayViewMut1<f64>,
) {
    out.fill(value);
}

fn main() {}
