//! A context keeps its hooks, and may outlive what they borrow.

use std::sync::atomic::{AtomicUsize, Ordering};

fn main() {
    let started = AtomicUsize::new(0);
    let count = &started;
    let context = pasha::ThreadContext::new(2).unwrap().on_worker_start(move |_worker_id| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let _ = pasha::map_in(&context, 0..10, |_, _, n: i32| n);
}
