//! Several workers read what is shared.

use std::cell::RefCell;

#[pasha::kernel]
fn gather(value: f64, #[shared] values: &RefCell<Vec<f64>>) -> f64 {
    values.borrow_mut().push(value);
    value
}

fn main() {}
