//! `together` takes a tuple of kernels.

#[pasha::kernel]
fn triple(value: f64) -> f64 {
    3.0 * value
}

fn main() {
    let _one = pasha::together(triple::bind());
}
