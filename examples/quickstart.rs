//! The quick guide: a kernel, the contexts that run it, outputs and reductions by signature,
//! composition, closures, and what happens when a kernel fails.
//!
//! A kernel is an ordinary function that computes what belongs to one index. `#[pasha::kernel]`
//! leaves the function as it is and generates, under the same name, functions that map it over
//! data. The first kernel here multiplies a number with 3. It is run in forked processes, serially
//! and on threads, and the program compares all results with the product of the whole array.
//!
//! The second kernel takes detector frames. Its signature says what comes out: a row of means for
//! each frame, the sum of all frames, and for each frame its total, its index and the worker that
//! ran it. There is nothing to allocate: a struct of arrays comes back.
//!
//! Then come outputs that are used again, two kernels in one pass, a closure, and a kernel that
//! fails at one index.
//!
//! ```sh
//! cargo run --release --example quickstart
//! ```
//!
//! It takes no time and prints each step with its result. To be checked: the last of the 100 values
//! is 3; the profile of the last frame, whose pixels have 19 + y * x counts above the dark level,
//! is 19.0, 21.5, 24.0, 26.5; the error names index 2, where the number is -1.

use ndarray::{Array1, Array3, ArrayView2, ArrayViewMut1, ArrayViewMut2};
use pasha::{Error, ProcessContext, SerialContext, ThreadContext};
use pasha_examples::Failure;

/// Multiplies each value with 3.
#[pasha::kernel]
fn triple_it(value: f64) -> f64 {
    3.0 * value
}

/// Describes one detector frame: the profile of its rows, its sum, and the sum of all frames.
#[pasha::kernel]
fn describe_frame(
    frame: ArrayView2<u16>,        // an item: one frame (y, x) for each index
    #[shared] dark: u16,           // the same for every call
    #[index] index: usize,         // which frame it is
    #[worker_id] worker_id: usize, // who runs it
    #[output(shape = frame.nrows())] mut profile: ArrayViewMut1<f64>, // its row of an (n, y) array
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<u64>, // merged over the workers
) -> (u64, [usize; 2]) {
    let corrected = frame.mapv(|count| u64::from(count.saturating_sub(dark)));
    for (mean, row) in profile.iter_mut().zip(corrected.rows()) {
        *mean = row.sum() as f64 / row.len() as f64;
    }
    total += &corrected;
    (corrected.sum(), [index, worker_id])
}

/// Takes a square root, of numbers that have one.
#[pasha::kernel]
fn root(value: f64) -> Result<f64, String> {
    if value < 0.0 { Err(format!("{value} has no square root")) } else { Ok(value.sqrt()) }
}

/// Adds.
#[pasha::kernel]
fn offset(value: f64, #[shared] by: f64) -> f64 {
    value + by
}

fn main() -> Result<(), Failure> {
    // Some input. The output is allocated for it, in memory that all workers share.
    let inp = Array1::linspace(0.0, 1.0, 100);
    let outp = triple_it::run_parallel(&inp)?; // the default context: forked processes
    assert_eq!(outp, &inp * 3.0);
    println!("triple_it::run_parallel(&inp): {} values, the last is {}", outp.len(), outp[99]);

    // An explicit context. And the kernel is still an ordinary function.
    for outp in [
        triple_it::run_in(&SerialContext::new(), &inp)?,
        triple_it::run_in(&ThreadContext::new(4)?, &inp)?,
        triple_it::run_in(&ProcessContext::new(4)?, &inp)?,
    ] {
        assert_eq!(outp, &inp * 3.0);
    }
    println!(
        "the same in one thread, on 4 threads, in 4 processes; triple_it(2.0) = {}",
        triple_it(2.0)
    );

    // Several outputs: a struct with a field for each.
    let frames = Array3::from_shape_fn((20, 4, 6), |(frame, y, x)| (100 + frame + y * x) as u16);
    let out: DescribeFrameOutput = describe_frame::run_parallel(&frames, 100)?;
    let (sums, who) = &out.result;
    println!("\nframes {:?} give", frames.shape());
    println!("  profile {:?}, total {:?}", out.profile.shape(), out.total.shape());
    println!("  profile of the last frame: {:.1}", out.profile.row(19));
    println!("  sums: {sums}");
    println!("  run by worker: {}", who.column(1));
    assert_eq!(out.total.sum(), sums.sum());

    // Outputs that are used again: no allocation in the second run.
    let mut outp = triple_it::alloc(&SerialContext::new(), &inp)?;
    triple_it::run_into(&SerialContext::new(), &inp, &mut outp)?;

    // Kernels compose to one pass, without an array in between; closures are kernels too.
    let outp = triple_it::bind().then(offset::bind(0.5)).run_parallel(&inp)?;
    println!("\n3 * 1 + 0.5 = {}", outp[99]);
    let squares = pasha::map(0..10_u64, |_worker_id, _index, number| number * number)?;
    println!("squares: {squares}");

    // A kernel that fails: the error says where, and the program goes on.
    match root::run_parallel(&[4.0, 9.0, -1.0, 16.0]) {
        Err(Error::Item(failure)) if failure.index() == 2 => println!("\nroot: {failure}"),
        other => println!("\nroot was to fail at index 2, but gave {other:?}"),
    }
    Ok(())
}
