//! Workers are not compiled for another processor.

#[pasha::kernel]
#[target_feature(enable = "avx2")]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
#[pasha::kernel]
fn triple(value: f64) -> f64 {
    3.0 * value
}

fn main() {
    let _ = double::run_parallel(&[1.0]);
}
