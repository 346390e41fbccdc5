//! Kernels that run together get the same items.

use ndarray::ArrayView2;

#[pasha::kernel]
fn brightest(frame: ArrayView2<u16>) -> u16 {
    frame.iter().copied().max().unwrap_or_default()
}

#[pasha::kernel]
fn normed(frame: ArrayView2<u16>, monitor: f64) -> f64 {
    frame.iter().map(|&count| f64::from(count)).sum::<f64>() / monitor
}

fn main() {
    let _both = pasha::together((brightest::bind(), normed::bind()));
}
