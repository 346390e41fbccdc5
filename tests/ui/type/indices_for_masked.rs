use ndarray::{Array3, ArrayView2};

#[pasha::kernel]
fn total(frame: ArrayView2<f64>) -> f64 {
    frame.sum()
}

fn main() {
    let frames = Array3::<f64>::zeros((4, 3, 2));
    let _ = total::run_parallel(pasha::masked(&frames, &[0_usize, 2]));
}
