//! There are two orders.

use ndarray::ArrayViewMut2;

#[pasha::kernel]
fn spread(value: f64, #[output(shape = (2, 3), order = Fortran)] mut out: ArrayViewMut2<f64>) {
    out.fill(value);
}

fn main() {}
