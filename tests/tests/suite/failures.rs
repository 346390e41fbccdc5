//! Failures: errors, panics and deaths are told with their index, at once, and nothing is left.

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use ndarray::Array1;
use pasha::prelude::*;
use pasha::{AnyContext, Cause, OnFailure, Options, SharedArray};
use pasha_tests::{at_item, for_each_context, item_failure, stdout_of};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

#[pasha::kernel]
fn fail_at(value: usize, #[shared] at: usize) -> Result<usize, String> {
    if value == at { Err(format!("{value} it is")) } else { Ok(value) }
}

#[pasha::kernel]
fn panic_at(value: usize, #[shared] at: usize, #[output] reached: &mut bool) {
    *reached = true;
    assert!(value != at, "{value} it is");
}

/// Adds up values, and notes which it has added.
#[pasha::kernel]
fn add_until(
    value: u64,
    #[shared] at: u64,
    #[shared] panics: bool,
    #[output] reached: &mut bool,
    #[reduce(sum)] total: &mut u64,
) -> Result<(), String> {
    assert!(value != at || !panics, "{value} it is");
    if value == at {
        return Err(format!("{value} it is"));
    }
    *reached = true;
    *total += value;
    Ok(())
}

/// Adds up values until the worker is killed.
#[pasha::kernel]
fn add_until_killed(
    value: u64,
    #[shared] at: u64,
    #[output] reached: &mut bool,
    #[reduce(sum)] total: &mut u64,
) {
    if value == at {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
            .unwrap();
    }
    *reached = true;
    *total += value;
}

#[test]
fn a_killed_worker_takes_at_most_a_block_of_its_sums_with_it() {
    let context = pasha::ProcessContext::new(1).unwrap();
    for at in [1, 499, 99_999] {
        let mut out = add_until_killed::alloc(&context, 0..100_000_u64, at).unwrap();
        let error = add_until_killed::run_into(&context, 0..100_000_u64, at, &mut out).unwrap_err();
        assert!(matches!(at_item(&error), (_, Cause::Died { .. })), "{error}");
        // The outputs of finished indices are there, all of them.
        assert!(out.reached.iter().zip(0..).all(|(&reached, value)| reached == (value < at)));
        // The sum is that of all values before some block.
        let sum_before = |end: u64| end * end.saturating_sub(1) / 2;
        let found = (at.saturating_sub(32_768)..=at).any(|end| out.total == sum_before(end));
        assert!(found, "{} of the first {at}", out.total);
    }
}

for_each_context! {
    fn an_error_is_told_with_its_index(context: &dyn Context) {
        for at in [0, 1, 499, 998, 999] {
            let error = fail_at::run_in(context, 0..1000_usize, at).unwrap_err();
            match at_item(&error) {
                (index, Cause::Refused { message, .. }) => {
                    assert_eq!((index, message), (at, &format!("{at} it is")));
                }
                _ => panic!("{error}"),
            }
            assert!(item_failure(&error).worker_id() < context.num_workers());
        }
        assert!(fail_at::run_in(context, 0..1000_usize, 1000).is_ok());
    }

    fn a_panic_is_told_with_its_place(context: &dyn Context) {
        for at in [0, 1, 499, 999] {
            let mut out = panic_at::alloc(context, 0..1000_usize, at).unwrap();
            let error = panic_at::run_into(context, 0..1000_usize, at, &mut out).unwrap_err();
            match at_item(&error) {
                (index, Cause::Panic { message, location: Some(location), .. }) => {
                    assert_eq!((index, message), (at, &format!("{at} it is")));
                    assert!(location.contains("failures.rs:"), "{location}");
                }
                _ => panic!("{error}"),
            }
            let is_elsewhere = context.ranks().is_some();
            assert!(out[at] || is_elsewhere, "what was written before the panic is there");
            assert!(!out.iter().all(|&reached| reached) || at == 999 || context.num_workers() > 1);
        }
        // The program goes on.
        assert_eq!(fail_at::run_in(context, 0..10_usize, 10).unwrap().sum(), 45);
    }

    fn sums_keep_what_was_added_before_a_failure(context: &dyn Context) {
        // With one worker it is known which values those are.
        let one = context.num_workers() == 1;
        for at in [0, 1, 499, 99_999] {
            for panics in [false, true] {
                let mut out = add_until::alloc(context, 0..100_000_u64, at, panics).unwrap();
                let failed = add_until::run_into(context, 0..100_000_u64, at, panics, &mut out);
                let error = failed.unwrap_err();
                match at_item(&error) {
                    (index, Cause::Refused { .. }) if !panics => assert_eq!(index, at as usize),
                    (index, Cause::Panic { .. }) if panics => assert_eq!(index, at as usize),
                    _ => panic!("{error}"),
                }
                let reached: u64 = (0..100_000).filter(|&value| out.reached[value as usize]).sum();
                assert_eq!(out.total, reached, "{at}, {panics}");
                assert!(!one || reached == at * at.saturating_sub(1) / 2);
            }
        }
    }

    fn a_panic_without_a_text_is_told(context: &dyn Context) {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let error = pasha::map_in(context, 0..100_u8, |_, index, _| {
            if index == 3 {
                std::panic::panic_any(Bomb);
            }
        })
        .unwrap_err();
        assert!(matches!(at_item(&error), (3, Cause::Panic { .. })), "{error}");
    }

    fn megabytes_of_message_are_cut(context: &dyn Context) {
        let error = pasha::try_map_in(context, 0..10_u8, |_, index, _| {
            if index == 4 { Err("long ".repeat(1 << 20)) } else { Ok(()) }
        })
        .unwrap_err();
        match at_item(&error) {
            (4, Cause::Refused { message, .. }) => {
                assert!(message.starts_with("long long") && message.ends_with("(cut)"));
                assert!(message.len() < 10_000);
            }
            _ => panic!("{error}"),
        }
    }

    fn the_others_stop_at_their_next_item(context: &dyn Context) {
        // Items that take long enough for each to be looked at; the first fails.
        let mut out = Array1::<u8>::zeros(0);
        let started = std::time::Instant::now();
        let result: pasha::Result<SharedArray<u8, _>> =
            pasha::try_map_in(context, 0..100_000_u32, |_, index, _| {
                if index == 0 {
                    return Err("the first");
                }
                let until = std::time::Instant::now() + std::time::Duration::from_millis(1);
                while std::time::Instant::now() < until {}
                Ok(1)
            });
        let error = result.unwrap_err();
        assert!(matches!(at_item(&error), (0, Cause::Refused { .. })), "{error}");
        // All items would take more than half a minute.
        assert!(started.elapsed().as_secs() < 10);
        out.fill(1);
    }
}

/// Runs the helper program and compares what it prints, a line each.
fn expect(arguments: &[&str], lines: &[&str]) {
    let out =
        stdout_of(&Command::new(env!("CARGO_BIN_EXE_victim")).args(arguments).output().unwrap());
    assert_eq!(out.lines().collect::<Vec<_>>(), lines, "{arguments:?}");
}

#[test]
fn a_worker_that_dies_is_told_with_index_and_cause() {
    for (how, told) in [
        ("segv", "signal Some(11) status None"),
        ("kill", "signal Some(9) status None"),
        ("bus", "signal Some(7) status None"),
        ("term", "signal Some(15) status None"),
        ("abort", "signal Some(6) status None"),
        ("overflow", "signal Some(6) status None"),
        ("exit-0", "signal None status Some(0)"),
        ("exit-3", "signal None status Some(3)"),
    ] {
        expect(
            &["death", how],
            &[
                &format!("died index 50 {told}"),
                "finished items kept true, this one not true",
                "children left 0",
                "files and mappings as before true",
                "next map 4950",
            ],
        );
    }
}

#[test]
fn a_panic_in_a_forked_worker_prints_nothing() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_victim")).args(["death", "panic"]).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout_of(&output).starts_with("panic index 50 message \"as told\" located true\n"));
    expect(
        &["death", "threads:2", "panic-payload"],
        &[
            "panic index 50 message \"a panic whose payload is not a text\" located true",
            "finished items kept true, this one not true",
            "children left 0",
            "files and mappings as before true",
            "next map 4950",
        ],
    );
}

#[test]
fn nothing_is_left_by_many_maps() {
    for context in ["serial", "threads:2", "processes:2"] {
        expect(&["leaks", context], &["files 0", "mappings 0", "children 0"]);
    }
}

#[test]
fn workers_die_with_their_parent() {
    let mut parent = Command::new(env!("CARGO_BIN_EXE_victim"))
        .arg("endless")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let workers: Vec<OwnedFd> = (0..2)
        .map(|_| {
            let line = lines.next().unwrap().unwrap();
            let pid = line.strip_prefix("worker ").unwrap().parse().unwrap();
            pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap()
        })
        .collect();
    parent.kill().unwrap();
    parent.wait().unwrap();
    // The pipe closes when the last process that holds it has ended: parent and workers.
    assert!(lines.next().is_none());
    for worker in workers {
        // Readable once the process has ended.
        let mut fds = [PollFd::new(&worker, PollFlags::IN)];
        let ended = poll(&mut fds, Some(&Timespec { tv_sec: 10, tv_nsec: 0 })).unwrap();
        assert_eq!(ended, 1, "a worker outlived its parent");
    }
}

/// A forked worker has a copy of every lock: without protection two of them could write one
/// element of an array behind a lock at the same time.
#[test]
fn a_forked_worker_can_not_write_arrays_that_are_not_its_jobs() {
    use std::sync::Mutex;

    use pasha::{Allocate, ProcessContext, ThreadContext};
    let processes = ProcessContext::new(2).unwrap();
    let guarded = Mutex::new(processes.alloc::<u64>(1).build().unwrap());
    let count = |context: &dyn Context| {
        pasha::map_in(context, 0..100_u8, |_, _, _| {
            guarded.lock().unwrap()[0] += 1;
        })
    };
    let error = count(&processes).unwrap_err();
    assert!(matches!(at_item(&error), (_, Cause::Died { signal: Some(11), .. })), "{error}");
    assert_eq!(guarded.lock().unwrap()[0], 0);
    // Reading is what inputs are for.
    let read = pasha::map_in(&processes, 0..4_u8, |_, _, _| guarded.lock().unwrap()[0]).unwrap();
    assert_eq!(read.sum(), 0);
    // Threads share the lock itself.
    count(&ThreadContext::new(2).unwrap()).unwrap();
    assert_eq!(guarded.lock().unwrap()[0], 100);
}

#[pasha::kernel]
fn fails_late(number: u64, #[shared] how: &str) -> Result<u64, &'static str> {
    if number == 3 {
        std::thread::sleep(Duration::from_millis(200));
        match how {
            "dies" => std::process::abort(),
            "panics" => panic!("as it is told to"),
            "hangs" => std::thread::sleep(Duration::from_secs(100)),
            _ => return Err("as it is told to"),
        }
    }
    Ok(number)
}

#[test]
fn the_time_of_an_item_that_failed_is_the_workers() {
    let skip = Options::new().on_failure(OnFailure::Skip { at_most: 1 });
    for how in ["errs", "panics", "dies", "hangs"] {
        for workers in ["serial", "threads:2", "processes:2"] {
            if matches!(how, "dies" | "hangs") && workers != "processes:2" {
                continue;
            }
            let mut context: AnyContext = workers.parse().unwrap();
            *context.options_mut() = skip.clone().item_timeout(Duration::from_millis(300));
            let (_, report) = fails_late::run_report_in(&context, 0..8_u64, how).unwrap();
            assert_eq!(report.failed.len(), 1, "{how} {workers}");
            let busy: Duration = report.workers.iter().map(|worker| worker.busy).sum();
            assert!(busy >= Duration::from_millis(200), "{how} {workers}: {busy:?}");
            assert!(report.workers.iter().all(|it| it.busy <= report.wall_time), "{report}");
        }
    }
}
