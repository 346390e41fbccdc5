//! A map into files, to be killed and run again: `resumer CONTEXT LEN [FAILING]` in the folder of
//! its files. `FAILING` is an index that fails, and what then: `abort` or `skip`. The context
//! `ranks` is a group of two ranks of two workers, and notes each item in `items.log`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::ExitCode;

use ndarray::prelude::*;
use pasha::prelude::*;
use pasha::{AnyContext, Error};
use pasha_tests::nanoseconds;
use pasha_tests::ranks::on_ranks;

/// Some tens of microseconds of work for each item.
#[pasha::kernel]
fn simulate(
    value: u64,
    #[shared] failing: Option<u64>,
    #[shared] log: Option<&File>,
    #[output(shape = (8,), fill = f64::NAN)] mut path: ArrayViewMut1<f64>,
    #[output(fill = 5)] visits: &mut u32,
) -> Result<f64, &'static str> {
    let begun = nanoseconds();
    if let Some(mut log) = log {
        log.write_all(format!("{value}\n").as_bytes()).map_err(|_| "no log")?;
    }
    *visits += 1;
    let mut position = value as f64;
    for step in &mut path {
        position = (position * 1.000_1).sin() + 1.0;
        *step = position;
        while nanoseconds() < begun + 40_000 {
            std::hint::spin_loop();
        }
    }
    if failing == Some(value) { Err("told to") } else { Ok(position) }
}

fn run(
    context: &dyn Context,
    len: u64,
    failing: Option<u64>,
    log: Option<&File>,
) -> Result<(), Error> {
    let n = len as usize;
    let mut out = SimulateOutput {
        path: context.alloc::<f64>((n, 8)).fill(f64::NAN).file("path.npy").build()?,
        visits: context.alloc::<u32>(n).fill(5).file("visits.npy").build()?,
        result: context.alloc::<f64>(n).file("result.npy").build()?,
    };
    let report = simulate::run_report_into(context, 0..len, failing, log, &mut out)?;
    if context.rank() > 0 {
        return Ok(());
    }
    println!(
        "resumed {} finished {} failed {}",
        report.resumed,
        report.finished,
        report.failed.len()
    );
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (len, failing, skips) = match &arguments[1..] {
        [len] => (len, None, false),
        [len, failing, then] => (len, failing.parse().ok(), then == "skip"),
        _ => panic!("unknown arguments {arguments:?}"),
    };
    let policy = if skips { OnFailure::Skip { at_most: 1 } } else { OnFailure::Abort };
    let job = "job.pasha";
    let len = len.parse().expect("a number");
    if arguments[0] == "ranks" {
        let log = OpenOptions::new().create(true).append(true).open("items.log").expect("a log");
        let two = |_| -> AnyContext { Box::new(ProcessContext::new(2).expect("two")) };
        on_ranks(2, two, |context| {
            run(&context.resume(job), len, None, Some(&log)).expect("it ends");
        });
        return ExitCode::SUCCESS;
    }
    let context: Box<dyn Context> = match arguments[0].as_str() {
        "serial" => Box::new(SerialContext::new().on_failure(policy).resume(job)),
        "threads" => Box::new(ThreadContext::new(2).expect("two").on_failure(policy).resume(job)),
        _ => Box::new(ProcessContext::new(2).expect("two").on_failure(policy).resume(job)),
    };
    match run(&*context, len, failing, None) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
