//! A kernel is a free function.

struct Calibration;

impl Calibration {
    #[pasha::kernel]
    fn double(value: f64) -> f64 {
        2.0 * value
    }
}

fn main() {}
