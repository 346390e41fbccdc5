//! A function knows nothing of the variables around it.
#![allow(unused_variables)]

use ndarray::ArrayViewMut1;

fn main() {
    let length = 3;

    #[pasha::kernel]
    fn spread(value: f64, #[output(shape = length)] mut out: ArrayViewMut1<f64>) {
        out.fill(value);
    }
}
