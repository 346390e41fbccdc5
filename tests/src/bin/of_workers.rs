//! A map with accumulators of workers, to be killed and run again: `of_workers CONTEXT WORKERS LEN
//! KERNEL [FAILING THEN]` in the folder of its files; `durable-CONTEXT` for a durable job. `KERNEL`
//! is `own`, for one that merges nothing, or `both`. `FAILING` is an index that fails, and `THEN`
//! what then: `abort` or `retry`. What all workers have accumulated together is written into
//! `sums.bin`.

use std::process::ExitCode;

use ndarray::prelude::*;
use pasha::Error;
use pasha::prelude::*;
use pasha_tests::jobs::run_job;
use pasha_tests::nanoseconds;

/// Some tens of microseconds of work for each item.
#[pasha::kernel]
fn own(
    value: u64,
    #[shared] failing: Option<u64>,
    #[per_worker(shape = (4, 4))] mut histogram: ArrayViewMut2<u64>,
    #[per_worker] total: &mut u64,
    #[output] result: &mut u64,
) -> Result<(), &'static str> {
    histogram[[(value % 4) as usize, (value / 4 % 4) as usize]] += 1;
    *total += value;
    *result = value * value;
    work();
    if failing == Some(value) { Err("told to") } else { Ok(()) }
}

/// The same, with a reduction beside it.
#[pasha::kernel]
fn both(
    value: u64,
    #[shared] failing: Option<u64>,
    #[per_worker(shape = (4, 4))] mut histogram: ArrayViewMut2<u64>,
    #[per_worker] total: &mut u64,
    #[reduce(sum)] sum: &mut u64,
    #[output] result: &mut u64,
) -> Result<(), &'static str> {
    *sum += value;
    histogram[[(value % 4) as usize, (value / 4 % 4) as usize]] += 1;
    *total += value;
    *result = value * value;
    work();
    if failing == Some(value) { Err("told to") } else { Ok(()) }
}

fn work() {
    let begun = nanoseconds();
    while nanoseconds() < begun + 40_000 {
        std::hint::spin_loop();
    }
}

fn run(context: &dyn Context, len: u64, kernel: &str, failing: Option<u64>) -> Result<(), Error> {
    let result = context.alloc::<u64>(len as usize).file("result.npy").build()?;
    let (report, histogram, total, sum) = if kernel == "both" {
        let mut out = both::alloc(context, 0..len, failing)?;
        out.result = result;
        let report = both::run_report_into(context, 0..len, failing, &mut out)?;
        (report, out.histogram.to_owned(), out.total.to_owned(), out.sum)
    } else {
        let mut out = own::alloc(context, 0..len, failing)?;
        out.result = result;
        let report = own::run_report_into(context, 0..len, failing, &mut out)?;
        (report, out.histogram.to_owned(), out.total.to_owned(), out.total.sum())
    };
    let counts = histogram.sum_axis(Axis(0));
    let sums = counts.iter().copied().chain([total.sum(), sum]);
    let sums: Vec<u8> = sums.flat_map(u64::to_le_bytes).collect();
    std::fs::write("sums.bin", sums).expect("a file");
    let failed = report.failed.len();
    println!("resumed {} finished {} failed {failed}", report.resumed, report.finished);
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let kernel = arguments.remove(3);
    run_job(&arguments, |context, len, failing| run(context, len, &kernel, failing))
}
