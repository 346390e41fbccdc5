//! Random numbers in a map: π from points thrown at a square, and the error of that estimate.
//!
//! The part of a square that its inscribed circle covers is π / 4. Each item of the map throws
//! 50,000 points and counts those within the circle; 400 such batches give a mean and, from their
//! spread, its error.
//!
//! Each item makes a generator of its own, seeded by its index. So the result is the same in every
//! context, with any number of workers, however the work is split, and when an item is run again
//! after a failure. A generator that all workers share would need a lock, and forked workers would
//! have copies of it that draw the same numbers.
//!
//! ```sh
//! cargo run --release --example monte_carlo
//! ```
//!
//! It runs the same map serially, on threads and in processes, and takes about a second. To be
//! checked: the three lines have the same numbers, equal to the last bit as the program says, and π
//! is within two or three errors of them.

use ndarray::Array1;
use pasha::{Context, ProcessContext, SerialContext, ThreadContext};
use pasha_examples::Failure;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Batches, and points in each.
const BATCHES: usize = 400;
const POINTS: u32 = 50_000;

/// Estimates π from a batch of points: the part of a square that its inscribed circle covers is
/// π / 4.
///
/// Close seeds are as good as any: `seed_from_u64` scrambles them.
#[pasha::kernel]
fn estimate(seed: u64, #[index] index: usize) -> f64 {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(index as u64));
    let is_inside = |_: &u32| {
        let (x, y): (f64, f64) = (random.random(), random.random());
        x * x + y * y < 1.0
    };
    4.0 * (0..POINTS).filter(is_inside).count() as f64 / f64::from(POINTS)
}

fn main() -> Result<(), Failure> {
    // One seed for the program: another gives another result, the same gives the same.
    let seeds = Array1::from_elem(BATCHES, 2718_u64);
    let contexts: [(&str, &dyn Context); 3] = [
        ("serial", &SerialContext::new()),
        ("threads", &ThreadContext::new(2)?),
        ("processes", &ProcessContext::new(2)?),
    ];
    let mut results = Vec::new();
    for (name, context) in contexts {
        let estimates = estimate::run_in(context, &seeds)?;
        // Always added in the same order, so that the sum has the same rounding errors, too.
        let mean = estimates.sum() / BATCHES as f64;
        let error = estimates.std(1.0) / (BATCHES as f64).sqrt();
        println!("{mean:.6} ± {error:.6} ({name})");
        results.push(mean.to_bits());
    }
    let are_equal = results.iter().all(|&result| result == results[0]);
    println!("equal in all contexts: {are_equal}");
    Ok(())
}
