//! A map with accumulators of workers, to be killed and run again: `of_workers CONTEXT WORKERS LEN
//! KERNEL [FAILING THEN]` in the folder of its files; `durable-CONTEXT` for a durable job. `KERNEL`
//! is `own`, for one that merges nothing, or `both`. `FAILING` is an index that fails, and `THEN`
//! what then: `abort` or `retry`. What all workers have accumulated together is written into
//! `sums.bin`.

use std::process::ExitCode;

use ndarray::prelude::*;
use pasha::prelude::*;
use pasha::{AfterRetries, AnyContext, Error, Options};
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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, workers, len, kernel, failure @ ..] = &arguments[..] else {
        panic!("unknown arguments {arguments:?}")
    };
    let (failing, policy) = match failure {
        [] => (None, OnFailure::Abort),
        [failing, then] if then == "skip" => (failing.parse().ok(), OnFailure::Skip { at_most: 1 }),
        [failing, then] if then == "retry" => {
            (failing.parse().ok(), OnFailure::Retry { times: 20, then: AfterRetries::Abort })
        }
        [failing, ..] => (failing.parse().ok(), OnFailure::Abort),
    };
    let workers = workers.parse().expect("a number");
    let (is_durable, context) = match context.strip_prefix("durable-") {
        Some(context) => (true, context),
        None => (false, context.as_str()),
    };
    let options = Options::new().on_failure(policy).resume("job.pasha").durable(is_durable);
    let mut context: AnyContext = match context {
        "serial" => Box::new(SerialContext::new()),
        "threads" => Box::new(ThreadContext::new(workers).expect("some")),
        _ => Box::new(ProcessContext::new(workers).expect("some")),
    };
    *context.options_mut() = options;
    match run(&*context, len.parse().expect("a number"), kernel, failing) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
