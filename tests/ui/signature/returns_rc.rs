//! An element has no pointers.

use std::rc::Rc;

#[pasha::kernel]
fn keep(value: f64) -> Rc<f64> {
    Rc::new(value)
}

fn main() {
    keep::run_parallel(&[1.0]).unwrap();
}
