//! A kernel is a free function.

struct Detector {
    gain: f64,
}

impl Detector {
    #[pasha::kernel]
    fn photons(&self, counts: f64) -> f64 {
        counts / self.gain
    }
}

fn main() {}
