//! Very unequal items: a row of a picture of the Mandelbrot set is an item, and rows that cross the
//! set cost many times as much as those that pass by.
//!
//! Each point of a row is iterated until it escapes. Points of the set never do: they take all 2000
//! steps. The rows begin above the set and end at its middle, so that the last of them are the most
//! expensive. Workers that each got one equal slice of the rows would end at very different times.
//!
//! By default workers claim shares of rows when they are free, large ones at first and small ones
//! at the end, and all end at about the same time. A second run, in which each worker gets one
//! equal slice of the rows (`static_split`), shows the difference. Two `#[per_worker]` counters
//! tell how many rows each worker had, and how many steps.
//!
//! ```sh
//! cargo run --release --example mandelbrot
//! ```
//!
//! It prints how the workers shared the work, and writes the picture `out/mandelbrot.png`, and the
//! timelines of both runs: `out/mandelbrot_shares.svg` and `out/mandelbrot_slices.svg`, in which
//! one sees who waited for whom. It takes a few seconds. To be checked: in the first run all
//! workers have done about the same part of the work, with different numbers of rows; in the second
//! they have the same number of rows and very different parts of the work; and the rows of each run
//! add up to 750.

use std::path::Path;
use std::time::Instant;

use ndarray::{Array1, ArrayViewMut1};
use pasha::ProcessContext;
use pasha_examples::plot::{ColourMap, write_rgb_png};
use pasha_examples::{Failure, output_folder};

const WIDTH: usize = 1800;
const HEIGHT: usize = 750;
const MAX_STEPS: u32 = 2000;

/// Counts, for each point of a row, the steps until it escapes; points of the set never do and get
/// NaN.
///
/// The escape is smoothed, so that the picture has no bands.
#[pasha::kernel]
fn escape_steps(
    im: f64,
    #[shared] res: &Array1<f64>,
    #[output(shape = res.len())] mut steps: ArrayViewMut1<f32>,
    #[per_worker] rows: &mut u64,
    #[per_worker] total_steps: &mut u64,
) {
    for (steps, &re) in steps.iter_mut().zip(res) {
        let (mut x, mut y, mut count) = (0.0, 0.0, 0);
        while x * x + y * y < 256.0 && count < MAX_STEPS {
            (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
            count += 1;
        }
        *steps = if count == MAX_STEPS {
            f32::NAN
        } else {
            (f64::from(count) + 1.0 - (0.5 * (x * x + y * y).ln()).log2()) as f32
        };
        *total_steps += u64::from(count);
    }
    *rows += 1;
}

fn main() -> Result<(), Failure> {
    let folder = output_folder()?;
    // The upper half: the rows become more and more expensive.
    let res = Array1::linspace(-2.25, 0.75, WIDTH);
    let ims = Array1::linspace(1.25, 0.0, HEIGHT);

    let workers = pasha::available_workers()?.max(2);
    let context = ProcessContext::new(workers)?.timeline(true);
    println!("{HEIGHT} rows of {WIDTH} points, {workers} forked workers");
    let picture = folder.join("mandelbrot_shares.svg");
    let image = run("shares, claimed when free", &context, &ims, &res, &picture)?;
    let picture = folder.join("mandelbrot_slices.svg");
    run("one equal slice each", &context.static_split(), &ims, &res, &picture)?;

    // `min` and `max` pass over NaN, the points of the set.
    let shortest = image.iter().copied().fold(f32::INFINITY, f32::min);
    let longest = image.iter().copied().fold(1.0, f32::max);
    let colours: [[u8; 3]; 256] = ColourMap::Inferno.table();
    let pixels = image.mapv(|steps| {
        if steps.is_nan() {
            return [0; 3];
        }
        // The logarithm spreads the few steps of the outside and the many of the rim.
        let part = (steps / shortest).ln() / (longest / shortest).ln();
        colours[(255.0 * part) as usize]
    });
    let path = folder.join("mandelbrot.png");
    write_rgb_png(&path, pixels.view())?;
    println!("\npicture: {}", path.display());
    Ok(())
}

/// Runs the kernel, prints what each worker did, and draws when.
fn run(
    splitting: &str,
    context: &ProcessContext,
    ims: &Array1<f64>,
    res: &Array1<f64>,
    picture: &Path,
) -> pasha::Result<pasha::SharedArray<f32, ndarray::Ix2>> {
    let start = Instant::now();
    let (out, report) = escape_steps::run_report_in(context, ims, res)?;
    println!("\n{splitting}: {:.2} s", start.elapsed().as_secs_f64());
    let all_steps = out.total_steps.sum() as f64;
    for (worker_id, (rows, steps)) in out.rows.iter().zip(&out.total_steps).enumerate() {
        let part = 100.0 * *steps as f64 / all_steps;
        println!("  worker {worker_id}: {rows:5} rows, {part:5.1} % of the work");
    }
    if let Some(timeline) = report.timeline() {
        println!("  one worker waited {:.2?} for the last", timeline.tail());
        for row in timeline.slowest(3) {
            println!("  among the slowest rows: {row}");
        }
        timeline.write(picture)?;
        println!("  timeline: {}", picture.display());
    }
    Ok(out.steps)
}
