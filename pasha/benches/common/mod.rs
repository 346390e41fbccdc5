//! What the benchmarks compare, for `criterion.rs` and `table.rs`.

pub(crate) mod detector;
pub(crate) mod duel;
pub(crate) mod multiply;
pub(crate) mod peers;

/// Workers of both sides.
pub(crate) const NUM_WORKERS: usize = 2;

/// A pool for peers that use rayon.
pub(crate) fn peer_pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(NUM_WORKERS).build().unwrap()
}
