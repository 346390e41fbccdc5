//! An element borrows nothing, not even for ever.

use std::borrow::Cow;

#[pasha::kernel]
fn name(_value: f64) -> Cow<'static, str> {
    "beam".into()
}

fn main() {
    name::run_parallel(&[1.0]).unwrap();
}
