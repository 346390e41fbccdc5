//! What `tests/cluster` starts on several machines: a rank of a program that maps, and does on
//! request what a cluster does to programs.

mod figures;
mod job;
mod own_mpi;

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

/// Fills a large slot.
#[pasha::kernel]
fn large(value: u8, #[output(shape = 32 << 20)] mut bytes: ArrayViewMut1<u8>) {
    bytes.fill(value);
}

fn sleep(n: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(2));
    n
}

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    if task == "own-mpi" {
        return own_mpi::run();
    }
    if task == "plain" {
        // Without pasha.
        figures::plain();
        return ExitCode::SUCCESS;
    }
    let context = match default_context() {
        Ok(context) => context,
        Err(error) => {
            println!("no context: {error}");
            return ExitCode::FAILURE;
        }
    };
    let context = &*context;
    let rank = context.rank();
    if rank == 0 && task == "whole" {
        println!("{context}");
    }
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
        // A rank that is killed while it sends: slots of 32 MiB are always under way.
        "kill-sending" => {
            let begun = Instant::now();
            let context = MpiContext::new().expect("a context").outputs_at_root();
            let later = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(100);
            let outcome = std::thread::scope(|scope| {
                if rank == 1 {
                    scope.spawn(|| {
                        std::thread::sleep(Duration::from_millis(later));
                        let _ = rustix::process::kill_process(
                            rustix::process::getpid(),
                            rustix::process::Signal::KILL,
                        );
                    });
                }
                large::run_in(&context, 0..64_u8)
            });
            let error = outcome.map(|_| ()).expect_err("a rank is lost");
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
        // A context is made on one rank alone, while the others map.
        "new" => {
            let made = if rank == victim { MpiContext::new().map(|_| ()) } else { Ok(()) };
            let mapped = || pasha::map_in(&context, 0..10_u64, |_, _, n| n).map(|_| ());
            let error = made.and_then(|()| mapped()).expect_err("they differ");
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
        "balance" => figures::balance(context),
        // Frames in a file, for the example to integrate.
        "frames" => frames(context, &std::env::args().nth(2).unwrap_or_default()),
        // As many that integrating them takes seconds: zeros, which take no room.
        "many" => many(&std::env::args().nth(2).unwrap_or_default()),
        // Bytes of outputs a second.
        "bandwidth" => figures::bandwidth(context),
        // Items a second, as in `pool.py`.
        "pool" => figures::pool(context),
        // More elements than 32 bits count.
        "huge" => huge(),
        // The same, as a batch job.
        "job" => return job::run(&std::env::args().next_back().unwrap_or_default()),
        other => {
            println!("no task {other:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn many(path: &str) {
    let frames = pasha::SerialContext::new().alloc::<u16>((1000, 200, 300)).file(path).build();
    assert_eq!(frames.expect("the file can be made").shape(), [1000, 200, 300]);
}

/// Marks the first and the last byte of two megabytes.
#[pasha::kernel]
fn mark(index: usize, #[output(shape = (1 << 21,))] mut bytes: ArrayViewMut1<u8>) {
    let last = bytes.len() - 1;
    bytes[0] = index as u8;
    bytes[last] = !index as u8;
}

fn huge() {
    const LEN: usize = 1100;
    let context = MpiContext::new().expect("a context").outputs_at_root();
    let out = mark::run_in(&context, 0..LEN).expect("it ends");
    assert!(out.len() > i32::MAX as usize);
    if context.rank() == 0 {
        let ends = |row: ArrayView1<u8>| [row[0], row[row.len() - 1]];
        let are_right = out.outer_iter().enumerate().all(|(index, row)| {
            ends(row) == [index as u8, !index as u8] && row.iter().skip(1).take(9).all(|&n| n == 0)
        });
        assert!(are_right);
        println!("{} elements came to rank 0", out.len());
    }
}

fn frames(context: &dyn Context, path: &str) {
    let run = SimulatedRun::new((200, 300), 203, 1);
    let frames = context.alloc::<u16>((run.num_frames, 200, 300)).file(path).build();
    let mut frames = frames.expect("the file can be made");
    simulate_frame::run_into(context, 0..run.num_frames, &run, &mut frames).expect("it ends");
}
