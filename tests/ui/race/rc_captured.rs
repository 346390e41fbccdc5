//! A closure that is called by several workers at once shares only what is `Sync`.

use std::rc::Rc;

fn main() {
    let factor = Rc::new(2.0);
    let _ = pasha::map(&[1.0, 2.0], |_worker_id, _index, value: &f64| *factor * value);
}
