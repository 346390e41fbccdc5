//! Names that are taken already: by another kernel, a function, a type, an import.

mod kernels {
    #[pasha::kernel]
    fn double(value: f64) -> f64 {
        2.0 * value
    }

    #[pasha::kernel]
    fn double(value: f64, #[output] one: &mut f64, #[output] other: &mut f64) {
        *one = value;
        *other = value;
    }

    pub fn doubled() -> pasha::Result<f64> {
        Ok(double::run_parallel(&[1.0])?.sum())
    }
}

mod function {
    fn triple(value: f64) -> f64 {
        3.0 * value
    }

    #[pasha::kernel]
    fn triple(value: f64, #[shared] gain: f64) -> f64 {
        3.0 * value * gain
    }

    pub fn tripled() -> pasha::Result<f64> {
        Ok(triple::run_parallel(&[triple(1.0)], 2.0)?.sum())
    }
}

mod module {
    #[pasha::kernel]
    fn half(value: f64) -> f64 {
        0.5 * value
    }

    pub mod half {}
}

mod import {
    use std::collections::HashMap as CountOutput;

    #[pasha::kernel]
    fn count(value: f64, #[output] one: &mut f64, #[output] other: &mut f64) {
        *one = value;
        *other = value;
    }

    pub fn counted() -> pasha::Result<CountOutput<u8, u8>> {
        count::run_parallel(&[1.0])?;
        Ok(CountOutput::new())
    }
}

fn main() {}
