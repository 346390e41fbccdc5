//! A view is copied to an output.

#[pasha::kernel]
fn row(frame: ndarray::ArrayView1<f64>) -> ndarray::ArrayView1<f64> {
    frame
}

fn main() {}
