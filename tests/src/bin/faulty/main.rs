//! A program whose kernels fail in every way there is, for tests to watch from outside.
//!
//! `faulty case FAULT POLICY` runs a map in which items fail, and says what the caller got;
//! `faulty table` does so for all faults and policies, many times, and prints a table;
//! `faulty chaos SEED KILLS` has workers killed at random.

mod chaos;
mod faults;

use std::process::ExitCode;
use std::time::Duration;

use faults::{FAULTS, Fault};
use pasha::prelude::*;
use pasha::{Cause, Error, Report};
use pasha_tests::{children, nanoseconds, open_files_and_mappings};

/// Fails at bad indices.
#[pasha::kernel]
fn misbehave(
    value: u64,
    #[shared] fault: Fault,
    #[shared] bad: &[u64],
    #[output(fill = 9)] mark: &mut u64,
) -> Result<u64, String> {
    *mark = value;
    if bad.contains(&value) {
        fault.happen(value)?;
    }
    Ok(2 * value)
}

/// What an error says, in a few stable words.
pub(crate) fn words(error: &Error) -> String {
    let failure = match error {
        Error::Item(failure) => failure,
        Error::Worker { stage, .. } => return format!("worker failed while {stage}"),
        other => return format!("other: {other}"),
    };
    let told = match failure.cause() {
        Cause::Died { signal: Some(signal), .. } => format!("died by signal {signal}"),
        Cause::Died { status: Some(status), .. } => format!("left with status {status}"),
        Cause::Died { .. } => "died".to_owned(),
        Cause::Panic { message, location, .. } => {
            let place = if location.is_some() { "" } else { ", place unknown" };
            format!("panicked: {}{place}", shorten(message))
        }
        Cause::Refused { message, .. } => format!("failed: {}", shorten(message)),
        Cause::TimedOut { .. } => "took too long".to_owned(),
        _ => return format!("other: {failure}"),
    };
    format!("{} {told} ({})", failure.index(), failure.attempts())
}

fn shorten(text: &str) -> String {
    match text.len() {
        0..=40 => text.to_owned(),
        _ => format!("{}… {} bytes", &text[..10], text.len()),
    }
}

/// Runs a map in which items fail, and says what the caller got.
fn run_case(context: &dyn Context, fault: &Fault, len: u64, bad: &[u64]) -> Result<Report, Error> {
    let out = misbehave::run_report_in(context, 0..len, *fault, bad);
    fault.seen.store(nanoseconds(), std::sync::atomic::Ordering::Relaxed);
    let (out, report) = out?;
    // Whoever failed has the fill value, whoever did not its own.
    for index in 0..len {
        let failed = report.failed.iter().any(|failed| failed.index == index as usize);
        let expected = if failed { (9, 0) } else { (index, 2 * index) };
        let place = index as usize;
        assert_eq!((out.mark[place], out.result[place]), expected, "index {index}");
    }
    assert_eq!(report.finished + report.failed.len(), len as usize);
    Ok(report)
}

/// One case: prints what the caller got, and what is left; gives the milliseconds from the fault
/// to the caller's knowledge, where there was one.
fn case(fault: &Fault, policy: &str) -> Result<(String, Option<f64>), Error> {
    let policy = match policy {
        "abort" => OnFailure::Abort,
        "skip" => OnFailure::Skip { at_most: fault.len as usize },
        "retry" => OnFailure::Retry { times: 2, then: AfterRetries::Skip { at_most: 10 } },
        other => panic!("unknown policy {other}"),
    };
    let mut context = ProcessContext::new(2)?.on_failure(policy).stop_at_once();
    if fault.needs_limit {
        context = context.item_timeout(Duration::from_millis(250));
    }
    if fault.is_split {
        context = context.static_split();
    }
    let limits = fault.limit();
    let outcome = match fault.name {
        "claiming" => faults::run_claiming(&context, fault),
        _ => run_case(&context, fault, fault.len, fault.bad),
    };
    drop(limits);
    let began = fault.began.swap(0, std::sync::atomic::Ordering::Relaxed);
    let seen = fault.seen.load(std::sync::atomic::Ordering::Relaxed);
    let took = (began != 0).then(|| seen.saturating_sub(began) as f64 / 1e6);
    let told = match outcome {
        Ok(report) => {
            let failed: Vec<String> =
                report.failed.iter().map(|failed| words(&failed.cause)).collect();
            let failed = match failed.len() {
                0 => "none failed".to_owned(),
                1..=3 => failed.join(", "),
                many => format!("{many} failed"),
            };
            format!("{} finished; {failed}", report.finished)
        }
        Err(error) => words(&error),
    };
    Ok((told, took))
}

/// Runs a case in a clean folder, and prints what came of it and what is left.
fn watched_case(fault: &Fault, policy: &str) -> Result<(), Error> {
    // What the allocator and the unwinder keep after their first use is not this map's.
    for _ in 0..2 {
        let _ = misbehave::run_in(&ProcessContext::new(2)?, 0..100, FAULTS[0](), &[50]);
        case(fault, policy)?;
        fault.rewind();
    }
    let folder = std::env::current_dir().expect("there is a folder");
    let files_in = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
    let before = (open_files_and_mappings(), files_in());
    let (told, took) = case(fault, policy)?;
    println!("{told}");
    let after = (open_files_and_mappings(), files_in());
    let same = |same: bool| if same { "as before" } else { "changed" };
    println!(
        "children {}, files {}, mappings {}, folder {}",
        children().len(),
        same(before.0.0 == after.0.0),
        same(before.0.1 == after.0.1),
        same(before.1 == after.1)
    );
    let sum = pasha::map_in(&ProcessContext::new(2)?, 0..100_u64, |_, _, n| n)?.sum();
    println!("next map {sum}");
    if let Some(took) = took {
        println!("milliseconds {took:.3}");
    }
    Ok(())
}

/// Prints all cases, each run many times, as a table.
fn table() -> Result<(), Error> {
    println!("| fault | policy | the caller gets | ms, median of 15 |\n| --- | --- | --- | --- |");
    for make in FAULTS {
        for policy in ["abort", "skip", "retry"] {
            let fault = make();
            let mut times = Vec::new();
            let mut told = String::new();
            for _ in 0..15 {
                let (words, took) = case(&fault, policy)?;
                told = words;
                times.extend(took);
                fault.rewind();
            }
            times.sort_by(f64::total_cmp);
            let time = times.get(times.len() / 2).map(|time| format!("{time:.2}"));
            println!("| {} | {policy} | {told} | {} |", fault.name, time.unwrap_or_default());
        }
    }
    Ok(())
}

fn run() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["case", name, policy] => {
            let fault = FAULTS.iter().map(|make| make()).find(|fault| fault.name == name);
            watched_case(&fault.unwrap_or_else(|| panic!("unknown fault {name}")), policy)
        }
        ["table"] => table(),
        ["chaos", seed, kills] => {
            chaos::run(seed.parse().expect("a seed"), kills.parse().expect("a number of kills"))
        }
        _ => panic!("unknown command {arguments:?}"),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
