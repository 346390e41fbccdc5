//! An array is written by one run at a time.

use pasha::ThreadContext;

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel]
fn triple(value: f64) -> f64 {
    3.0 * value
}

fn main() {
    let context = ThreadContext::new(2).unwrap();
    let mut out = double::alloc(&context, &[1.0]).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| double::run_into(&context, &[1.0], &mut out));
        scope.spawn(|| triple::run_into(&context, &[1.0], &mut out));
    });
}
