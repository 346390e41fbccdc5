//! What the benchmarks compare, for `criterion.rs` and `table.rs`.

mod compile;
mod copying;
pub(crate) mod counts;
mod detector;
pub(crate) mod duel;
#[cfg(feature = "hdf5")]
mod filters;
mod jobs;
mod live;
mod loops;
mod memory;
mod multiply;
mod outputs;
mod peers;
mod python;
mod reproducible;
pub(crate) mod rows;
mod scaling;
mod small;
#[cfg(feature = "xfel")]
mod sources;
mod tiles;
mod together;
mod unequal;

use ndarray::Ix1;
use pasha::AnyContext;
use pasha::prelude::*;

/// Workers of both sides.
pub(crate) const NUM_WORKERS: usize = 2;

/// A context of this kind, with as many workers as the peers have.
fn two_workers(kind: &str) -> AnyContext {
    let text = if kind == "serial" { kind.to_owned() } else { format!("{kind}:{NUM_WORKERS}") };
    text.parse().expect("the name of a context")
}

/// A pool for peers that use rayon.
fn peer_pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(NUM_WORKERS).build().unwrap()
}

/// 0, 1, 2, … in memory of this context's.
fn ramp(context: &dyn Context, len: usize) -> pasha::SharedArray<f64, Ix1> {
    pasha::map_in(context, 0..len, |_, _, index: usize| index as f64).unwrap()
}
