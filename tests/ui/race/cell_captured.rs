//! A closure that is called by several workers at once shares only what is `Sync`.

use std::cell::Cell;

fn main() {
    let calls = Cell::new(0);
    let _ = pasha::map(&[1.0, 2.0], |_worker_id, _index, value: &f64| {
        calls.set(calls.get() + 1);
        2.0 * value
    });
}
