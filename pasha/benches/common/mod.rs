//! What the benchmarks compare, for `criterion.rs` and `table.rs`.

pub(crate) mod detector;
pub(crate) mod duel;
pub(crate) mod multiply;
pub(crate) mod outputs;
pub(crate) mod peers;
pub(crate) mod small;
pub(crate) mod unequal;

use ndarray::Ix1;
use pasha::prelude::*;

/// Workers of both sides.
pub(crate) const NUM_WORKERS: usize = 2;

/// A pool for peers that use rayon.
pub(crate) fn peer_pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(NUM_WORKERS).build().unwrap()
}

/// 0, 1, 2, … in memory of this context's.
pub(crate) fn ramp(context: &dyn Context, len: usize) -> pasha::SharedArray<f64, Ix1> {
    pasha::map_in(context, 0..len, |_, _, index: usize| index as f64).unwrap()
}
