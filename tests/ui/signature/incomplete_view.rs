//! A view says of what and how many axes it is, and is an item itself.

#[pasha::kernel]
fn no_element(frame: ndarray::ArrayView2) -> f64 {
    frame.len() as f64
}

#[pasha::kernel]
fn no_axes(frame: ndarray::ArrayView<u16>) -> f64 {
    frame.len() as f64
}

#[pasha::kernel]
fn output(value: f64, #[output(shape = 3)] mut out: ndarray::ArrayViewMut1) {
    out.fill(value);
}

#[pasha::kernel]
fn borrowed(frame: &ndarray::ArrayView2<f64>) -> f64 {
    frame.sum()
}

#[pasha::kernel]
fn by_value(frame: ndarray::ArrayRef2<f64>) -> f64 {
    frame.sum()
}

#[pasha::kernel]
fn merged(value: f64, #[reduce("sum")] total: &mut f64) {
    *total += value;
}

fn main() {
    let frames = ndarray::Array3::<f64>::zeros((2, 3, 4));
    borrowed::run_parallel(&frames).unwrap();
}
