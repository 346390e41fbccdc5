//! The number of the worker counts.

#[pasha::kernel]
fn who(value: f64, #[worker_id] worker: u32) -> u32 {
    worker + value as u32
}

fn main() {}
