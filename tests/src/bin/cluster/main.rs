//! What `tests/cluster` starts on several machines: a rank of a program that maps, and does on
//! request what a cluster does to programs.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ndarray::{Array2, ArrayView1, ArrayViewMut1};
use pasha::prelude::*;
use pasha::{Cause, Error, MpiContext, OnFailure, Ragged, default_context};
use pasha_examples::simulation::{SimulatedRun, simulate_frame};

#[pasha::kernel]
fn everything(
    spectrum: ArrayView1<u32>,
    #[index] index: usize,
    #[shared] pause: Duration,
    #[output(like = spectrum)] mut doubled: ArrayViewMut1<u32>,
    #[output(ragged = index % 4)] mut known: ArrayViewMut1<u16>,
    #[output(ragged)] pushed: &mut Ragged<u64>,
    #[reduce(sum, like = spectrum)] mut total: ArrayViewMut1<u64>,
    #[per_worker] calls: &mut u64,
) -> u64 {
    std::thread::sleep(pause);
    doubled.assign(&(&spectrum * 2));
    known.fill(index as u16);
    (0..index % 3).for_each(|n| pushed.push((index * 10 + n) as u64));
    total.zip_mut_with(&spectrum, |total, &count| *total += u64::from(count));
    *calls += 1;
    index as u64
}

#[pasha::kernel]
fn fussy(value: u64, #[shared] bad: u64) -> Result<u64, String> {
    if value == bad { Err(format!("no {value}")) } else { Ok(value) }
}

#[pasha::kernel]
fn deadly(value: u64) -> u64 {
    if value == 321 {
        std::process::abort();
    }
    value
}

fn is_whole(context: &dyn Context, len: usize, pause: Duration) {
    let spectra = Array2::from_shape_fn((len, 5), |(index, bin)| (index * 7 + bin) as u32 % 97);
    let out = everything::run_in(context, &spectra, pause).expect("the map ends");
    assert_eq!(out.doubled, &spectra * 2);
    assert_eq!(out.total, spectra.mapv(u64::from).sum_axis(ndarray::Axis(0)));
    assert_eq!((out.calls.len(), out.calls.sum()), (context.num_workers(), len as u64));
    for index in 0..len {
        assert_eq!(out.known[index], vec![index as u16; index % 4]);
        let pushed: Vec<u64> = (0..index % 3).map(|n| (index * 10 + n) as u64).collect();
        assert_eq!(out.pushed[index], pushed);
        assert_eq!(out.result[index], index as u64);
    }
}

fn sleep(n: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(2));
    n
}

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let context = match default_context() {
        Ok(context) => context,
        Err(error) => {
            println!("no context: {error}");
            return ExitCode::FAILURE;
        }
    };
    let context = &*context;
    let rank = context.rank();
    let victim: usize = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(1);
    match task.as_str() {
        "whole" => {
            is_whole(context, 500, Duration::ZERO);
            is_whole(context, 3, Duration::ZERO);
            is_whole(context, 300, Duration::from_millis(2));
            let error = fussy::run_in(context, 0..1000, 777).expect_err("an item fails");
            println!("rank {rank} got: {error}");
        }
        "died" => {
            let error = deadly::run_in(context, 0..1000_u64).expect_err("a worker dies");
            let Error::Item(failure) = &error else { panic!("{error}") };
            assert!(matches!(failure.cause(), Cause::Died { signal: Some(6), .. }), "{error}");
            println!("rank {rank} got: {error}");
        }
        "skip" => {
            let context = MpiContext::new().expect("a context");
            let context = context.on_failure(OnFailure::Skip { at_most: 1 });
            let (_, report) = fussy::run_report_in(&context, 0..1000, 777).expect("it is skipped");
            println!("rank {rank} skipped {}", report.failed[0].cause);
        }
        // A rank that is killed, or stopped, in the middle of a map.
        "kill" | "stop" => {
            let begun = Instant::now();
            let outcome = pasha::map_in(&context, 0..100_000_u64, |_, index, n| {
                if rank == victim && index > 50 {
                    let own = rustix::process::getpid();
                    let signal = match task.as_str() {
                        "kill" => rustix::process::Signal::KILL,
                        _ => rustix::process::Signal::STOP,
                    };
                    let _ = rustix::process::kill_process(own, signal);
                }
                sleep(n)
            });
            let error = outcome.expect_err("a rank is lost");
            println!("rank {rank} got after {:.1?}: {error}", begun.elapsed());
            return ExitCode::from(3);
        }
        // Long enough for somebody to do something to it, who is told when.
        "long" => {
            let (begun, told) = (Instant::now(), AtomicBool::new(false));
            let outcome = pasha::map_in(&context, 0..100_000_u64, |_, index, n| {
                if index > 50 && !told.swap(true, Ordering::Relaxed) {
                    println!("rank {rank} is in the middle");
                }
                sleep(n)
            });
            match outcome {
                Ok(_) => println!("rank {rank} ended"),
                Err(error) => {
                    println!("rank {rank} got after {:.1?}: {error}", begun.elapsed());
                    return ExitCode::from(3);
                }
            }
        }
        "differ" => {
            let len = if rank == victim { 11 } else { 10 };
            let error =
                pasha::map_in(&context, 0..len as u64, |_, _, n| n).expect_err("they differ");
            println!("rank {rank} got: {error}");
        }
        "early" => {
            if rank == victim {
                return ExitCode::SUCCESS;
            }
            let error = pasha::map_in(&context, 0..10_u64, |_, _, n| n).expect_err("one has left");
            println!("rank {rank} got: {error}");
        }
        // Five unequal loads, as in the benchmark; the ratio to what all workers could do.
        "balance" => balance(context),
        // Frames in a file, for the example to integrate.
        "frames" => frames(context, &std::env::args().nth(2).unwrap_or_default()),
        // Bytes of outputs a second.
        "bandwidth" => bandwidth(context),
        other => {
            println!("no task {other:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn balance(context: &dyn Context) {
    type Load = fn(usize, usize) -> u64;
    let loads: [(&str, Load); 5] = [
        ("equal", |_, _| 2000),
        ("rising", |index, len| (4000 * index / len) as u64),
        ("falling", |index, len| (4000 - 4000 * index / len) as u64),
        ("one in ten is slow", |index, _| if index % 10 == 0 { 11_000 } else { 1000 }),
        ("slow at the end", |index, len| if index * 20 > len * 19 { 20_000 } else { 1053 }),
    ];
    for (name, load) in loads {
        const LEN: usize = 1500;
        let begun = Instant::now();
        let report = pasha::map_report_in(&context, 0..LEN, |_, index, _| {
            std::thread::sleep(Duration::from_micros(load(index, LEN)));
        });
        let took = begun.elapsed();
        let (_, report) = report.map(|(out, report)| (drop(out), report)).expect("it ends");
        let busy: Duration = report.workers.iter().map(|worker| worker.busy).sum();
        let ideal = busy.as_secs_f64() / context.num_workers() as f64;
        if context.rank() == 0 {
            println!("balance, {name}: {:.3} of ideal ({took:.2?})", took.as_secs_f64() / ideal);
        }
    }
}

fn frames(context: &dyn Context, path: &str) {
    let run = SimulatedRun::new((200, 300), 203, 1);
    let frames = context.alloc::<u16>((run.num_frames, 200, 300)).file(path).build();
    let mut frames = frames.expect("the file can be made");
    simulate_frame::run_into(context, 0..run.num_frames, &run, &mut frames).expect("it ends");
}

fn bandwidth(context: &dyn Context) {
    const LEN: usize = 1024;
    for _ in 0..3 {
        let begun = Instant::now();
        let out = fill::run_in(context, 0..LEN).expect("it ends");
        let took = begun.elapsed().as_secs_f64();
        assert!(out.row(LEN - 1).iter().all(|&value| value == (LEN - 1) as u64));
        if context.rank() == 0 {
            println!("bandwidth: 1 GiB of outputs in {took:.2} s");
        }
    }
}

#[pasha::kernel]
fn fill(value: usize, #[output(shape = (1 << 17,))] mut megabyte: ArrayViewMut1<u64>) {
    megabyte.fill(value as u64);
}
