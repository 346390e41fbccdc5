//! Items whose names are those of a kernel or its outputs, where they may be.

use std::fmt::Debug;

#[cfg(any())]
struct MeanOutput;

#[pasha::kernel]
fn mean(value: f64, #[output] one: &mut f64, #[output] other: &mut f64) {
    *one = value;
    *other = value;
}

#[cfg(any())]
#[pasha::kernel]
fn configured(value: f64) -> f64 {
    value
}

#[cfg(all())]
#[pasha::kernel]
fn configured(value: f64) -> f64 {
    value
}

mod elsewhere {
    #[derive(Debug)]
    pub struct MeanOutput;

    pub fn mean() -> MeanOutput {
        MeanOutput
    }
}

struct Detector;

impl Detector {
    fn mean(&self) -> impl Debug {
        #[pasha::kernel]
        fn mean(value: f64, #[output] one: &mut f64, #[output] other: &mut f64) {
            *one = value;
            *other = value;
        }
        let MeanOutput { one, .. } = mean::run_serial(&[3.0]).unwrap();
        one.sum()
    }
}

fn main() {
    let MeanOutput { one, other } = mean::run_serial(&[1.0, 2.0]).unwrap();
    assert_eq!(one.sum() + other.sum(), 6.0);
    assert_eq!(configured::run_serial(&[1.0]).unwrap()[0], 1.0);
    println!("{:?} {:?}", elsewhere::mean(), Detector.mean());
}
