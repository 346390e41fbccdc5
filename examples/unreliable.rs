//! A kernel that fails in every way there is, and a map that comes to its end all the same.
//!
//! A run of a thousand frames has four bad ones. One makes the kernel return an error, one makes it
//! panic, one crashes the C library that the kernel stands for, and one never ends. Without a
//! policy the first failure is the map's: an error with the index and the cause.
//!
//! With `on_failure(OnFailure::Skip { .. })` and `item_timeout` the map leaves the four out,
//! replaces the workers that died, tells in its report what failed and why, and gives everything
//! else. The slots of the bad frames keep their fill value, NaN. A timeline shows when what
//! happened: `out/unreliable.svg` is a picture of it, and `out/unreliable.json` opens in Perfetto
//! (<https://ui.perfetto.dev>).
//!
//! Then the same map runs into two `.npy` files with `resume`, stops at a bad frame, and goes on
//! with good frames where it was: what is finished is noted in a small file beside them.
//!
//! ```sh
//! cargo run --release --example unreliable
//! ```
//!
//! It takes less than a second. To be checked: the report lists the indices 70, 300, 555 and 999,
//! each with its cause, and so does the picture, in red, where the slowest is item 999, which has
//! no end; of the job that goes on, the items of the first run and of the second add up to 1000;
//! and `numpy.load("out/means.npy")` is 100 everywhere.

use std::time::Duration;

use ndarray::{Array3, ArrayView2, ArrayViewMut1};
use pasha::prelude::*;
use pasha_examples::{Failure, output_folder};

const NUM_FRAMES: usize = 1000;

/// The profile of a frame `(y, x)`: the mean of each column, and the mean of all.
#[pasha::kernel]
fn profile(
    frame: ArrayView2<u16>,
    #[output(shape = frame.ncols(), fill = f64::NAN)] mut columns: ArrayViewMut1<f64>,
) -> Result<f64, String> {
    match frame[[0, 0]] {
        1 => return Err("the frame has no beam".to_owned()),
        2 => panic!("this can not be"),
        3 => std::process::abort(),
        4 => loop {
            std::hint::spin_loop();
        },
        _ => {}
    }
    for (mean, column) in columns.iter_mut().zip(frame.columns()) {
        *mean = column.iter().map(|&count| f64::from(count)).sum::<f64>() / column.len() as f64;
    }
    Ok(columns.mean().unwrap_or(f64::NAN))
}

/// Frames of 100 counts, four of them bad.
fn frames() -> Array3<u16> {
    let mut frames = Array3::from_elem((NUM_FRAMES, 64, 64), 100);
    for (kind, index) in [(1, 70), (2, 300), (3, 555), (4, 999)] {
        frames[[index, 0, 0]] = kind;
    }
    frames
}

fn main() -> Result<(), Failure> {
    let frames = frames();

    // Without a policy the first failure is the map's.
    let error = profile::run_parallel(frames.slice(ndarray::s![..560, .., ..])).unwrap_err();
    println!("without a policy: {error}\n");

    let context = ProcessContext::with_available_workers()?
        .on_failure(OnFailure::Skip { at_most: 10 })
        .item_timeout(Duration::from_millis(100))
        .timeline(true);
    let (out, report) = profile::run_report_in(&context, &frames)?;
    println!("with one:\n{report}\n");
    assert_eq!(report.failed.len(), 4);
    assert!(out.columns.row(555).iter().all(|mean| mean.is_nan()));
    assert_eq!(out.result.iter().filter(|&&mean| mean == 100.0).count(), NUM_FRAMES - 4);

    let folder = output_folder()?;
    if let Some(timeline) = report.timeline() {
        for span in timeline.slowest(3) {
            println!("among the slowest: {span}");
        }
        let picture = folder.join("unreliable.svg");
        timeline.write(&picture)?;
        timeline.write(folder.join("unreliable.json"))?;
        println!("where the time went: {}\n", picture.display());
    }

    // A job in files: what is done is noted beside them.
    let job = folder.join("unreliable.pasha");
    if job.exists() {
        std::fs::remove_file(&job)?;
    }
    let context = ProcessContext::with_available_workers()?.resume(&job);
    let mut out = ProfileOutput {
        columns: context.alloc::<f64>((NUM_FRAMES, 64)).file(folder.join("columns.npy")).build()?,
        result: context.alloc::<f64>(NUM_FRAMES).file(folder.join("means.npy")).build()?,
    };
    let error = profile::run_into(&context, &frames, &mut out).unwrap_err();
    println!("a job that stops: {error}\n");
    let frames = Array3::from_elem((NUM_FRAMES, 64, 64), 100);
    let report = profile::run_report_into(&context, &frames, &mut out)?;
    println!("and goes on with good frames:\n{report}");
    assert_eq!(report.resumed + report.finished, NUM_FRAMES);
    assert_eq!(out.result.sum(), 100.0 * NUM_FRAMES as f64);
    Ok(())
}
