//! Kernels that pytest calls.

use pasha::ndarray::ArrayView2;

/// Multiplies each value with 3.
#[pasha::kernel(python)]
fn triple_it(value: f64) -> f64 {
    3.0 * value
}

/// Photons of a frame.
#[pasha::kernel(python)]
fn photons(frame: ArrayView2<u16>, #[shared] gain: f64) -> f64 {
    frame.iter().map(|&count| f64::from(count)).sum::<f64>() / gain
}

/// Multiplies.
#[pasha::kernel(python)]
fn scale<T: Copy + std::ops::Mul<Output = T>>(value: T, #[shared] factor: T) -> T {
    factor * value
}

pasha::python_module!(kernels { triple_it, photons, scale: [f32, f64] });
