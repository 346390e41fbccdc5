//! Shapes that the attribute can't count.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

#[pasha::kernel]
fn one_axis_of_two(row: ArrayView1<f64>, #[output(shape = row.len())] mut out: ArrayViewMut2<f64>) {
    out.fill(row[0]);
}

#[pasha::kernel]
fn two_axes_of_one(value: f64, #[output(shape = [2, 3])] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

#[pasha::kernel]
fn like_a_frame(frame: ArrayView2<f64>, #[reduce(sum, like = frame)] mut out: ArrayViewMut1<f64>) {
    out += frame[[0, 0]];
}

#[pasha::kernel]
fn no_usize(value: f64, #[shared] n: u32, #[output(shape = n)] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

fn main() {}
