//! A map with reductions, to be killed and run again: `accumulator CONTEXT WORKERS LEN [FAILING
//! THEN]` in the folder of its files; `durable-CONTEXT` for a durable job. `FAILING` is an index
//! that fails, and `THEN` what then: `abort`, `skip` or `retry`. What comes of the reductions is
//! written into `sums.bin`.

use std::process::ExitCode;

use ndarray::prelude::*;
use pasha::Error;
use pasha::prelude::*;
use pasha_tests::jobs::run_job;
use pasha_tests::nanoseconds;

/// Some tens of microseconds of work for each item.
#[pasha::kernel]
fn accumulate(
    value: u64,
    #[shared] failing: Option<u64>,
    #[reduce(sum, shape = (3, 5))] mut image: ArrayViewMut2<f64>,
    #[reduce(sum)] total: &mut f64,
    #[reduce(max)] largest: &mut u64,
    #[output] result: &mut f64,
) -> Result<(), &'static str> {
    let begun = nanoseconds();
    // Sums of such numbers depend on their order.
    let number = (value as f64 * 1.37).sin() * 10_f64.powi((value % 30) as i32);
    *total += number;
    for (pixel, place) in image.iter_mut().zip(1..) {
        *pixel += number / f64::from(place);
    }
    *largest = (*largest).max(value);
    *result = number;
    while nanoseconds() < begun + 40_000 {
        std::hint::spin_loop();
    }
    if failing == Some(value) { Err("told to") } else { Ok(()) }
}

fn run(context: &dyn Context, len: u64, failing: Option<u64>) -> Result<(), Error> {
    let result = context.alloc::<f64>(len as usize).file("result.npy").build()?;
    let mut out = accumulate::alloc(context, 0..len, failing)?;
    out.result = result;
    let report = accumulate::run_report_into(context, 0..len, failing, &mut out)?;
    let mut sums: Vec<u8> = out.image.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
    sums.extend(out.total.to_le_bytes());
    sums.extend(out.largest.to_le_bytes());
    std::fs::write("sums.bin", sums).expect("a file");
    let failed = report.failed.len();
    println!("resumed {} finished {} failed {failed}", report.resumed, report.finished);
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    run_job(&arguments, run)
}
