//! A run does not read what it writes.

use pasha::SerialContext;

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let context = SerialContext::new();
    let mut out = double::alloc(&context, &[1.0]).unwrap();
    let _ = double::run_into(&context, &out, &mut out);
}
