//! A shared parameter needs one name.

#[derive(Clone, Copy)]
struct Calibration {
    gain: f64,
}

#[pasha::kernel]
fn correct(value: f64, #[shared] Calibration { gain }: Calibration) -> f64 {
    value / gain
}

fn main() {}
