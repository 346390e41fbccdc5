//! An array is not read while a run writes it.

use pasha::ThreadContext;

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let context = ThreadContext::new(2).unwrap();
    let mut out = double::alloc(&context, &[1.0]).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| double::run_into(&context, &[1.0], &mut out));
        println!("{}", out.sum());
    });
}
