//! Items that take long behind many that took nothing: whoever waits for a map is answered soon.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pasha::prelude::*;
use pasha::{AnyContext, Error, Options};
use pasha_tests::shared_counters;
use tempfile::TempDir;

const LEN: u64 = 100_000;
/// From here on items take long: all of them together for minutes.
const SLOW: u64 = LEN - 1_000;
/// Finished items of a map that has come to the slow ones, and not far.
const AMONG_SLOW: std::ops::Range<usize> = SLOW as usize..LEN as usize - 500;

/// Quick for most numbers.
#[pasha::kernel]
fn successor(number: u64) -> u64 {
    successor_of(number)
}

fn successor_of(number: u64) -> u64 {
    if number >= SLOW {
        std::thread::sleep(Duration::from_millis(100));
    }
    number + 1
}

/// Slow for each.
#[pasha::kernel]
fn slow(number: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(1));
    number + 1
}

fn contexts(options: &Options) -> [(&'static str, AnyContext); 3] {
    let mut contexts: [(_, AnyContext); 3] = [
        ("serial", Box::new(SerialContext::new())),
        ("threads", Box::new(ThreadContext::new(2).unwrap())),
        ("processes", Box::new(ProcessContext::new(2).unwrap())),
    ];
    contexts.iter_mut().for_each(|(_, context)| *context.options_mut() = options.clone());
    contexts
}

#[test]
fn a_deadline_ends_a_map_among_them() {
    for (name, context) in contexts(&Options::new().deadline(Duration::from_millis(300))) {
        let error = successor::run_in(&context, 0..LEN).unwrap_err();
        let Error::Deadline { finished, .. } = error else { panic!("{name}: {error}") };
        assert!(AMONG_SLOW.contains(&finished), "{name}: {finished}");
    }
}

#[test]
fn a_cancel_ends_a_map_among_them() {
    for (name, context) in contexts(&Options::new()) {
        let token = CancelToken::new();
        let context = context.cancel_token(&token);
        let told = Arc::new(Mutex::new(0));
        let hook = {
            let told = Arc::clone(&told);
            move |progress: pasha::Progress| {
                *told.lock().unwrap() = progress.finished;
                if progress.finished > SLOW as usize {
                    token.cancel();
                }
            }
        };
        // The progress tells of single items, and the cancel comes from there.
        let context = context.on_progress(Duration::from_millis(20), hook);
        let error = successor::run_in(&context, 0..LEN).unwrap_err();
        assert!(matches!(error, Error::Cancelled { .. }), "{name}: {error}");
        assert!(AMONG_SLOW.contains(&told.lock().unwrap()), "{name}: {told:?}");
    }
}

#[test]
fn a_look_finds_and_ends_them() {
    for (name, context) in contexts(&Options::new()) {
        let mut found = 0;
        let error = successor::run_live_in(&context, 0..LEN, Duration::from_millis(20), |look| {
            found = (SLOW as usize..LEN as usize).filter(|&index| look.is_finished(index)).count();
            if found > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Cancelled { .. }), "{name}: {error}");
        assert!((1..500).contains(&found), "{name}: {found}");
    }
}

/// Runs in a process of its own, which is killed.
#[test]
fn a_job_that_is_killed_among_them_keeps_them() {
    const FOLDER: &str = "PASHA_TEST_SLOW_JOB";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let place = |name: &str| std::path::Path::new(&folder).join(name);
        let context = ThreadContext::new(2).unwrap().resume(place("job"));
        let mut out = context.alloc::<u64>(LEN as usize).file(place("out.npy")).build().unwrap();
        return successor::run_into(&context, 0..LEN, &mut out).unwrap();
    }
    let folder = TempDir::new().unwrap();
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "slow_items::a_job_that_is_killed_among_them_keeps_them"]);
    let mut program = program.env(FOLDER, folder.path()).stdout(Stdio::null()).spawn().unwrap();
    // Until some of them are noted.
    let noted = || {
        let file = std::fs::read(folder.path().join("job")).unwrap_or_default();
        let words = file.get(4096..).unwrap_or_default().chunks_exact(8);
        words.map(|word| word[..4].iter().map(|byte| byte.count_ones()).sum::<u32>()).sum::<u32>()
    };
    let begun = Instant::now();
    while noted() <= SLOW as u32 + 2 {
        assert!(begun.elapsed() < Duration::from_secs(60) && program.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(AMONG_SLOW.contains(&(noted() as usize)));
}

#[test]
fn workers_share_what_a_mask_leaves() {
    let mut all_options = vec![Options::new(), Options::new().static_split()];
    all_options.push(Options::new().on_failure(OnFailure::Skip { at_most: 3 }));
    all_options.push(Options::new().reproducible(true));
    for chosen in [0..400, 70_000..70_400, LEN as usize - 400..LEN as usize] {
        let mut mask = vec![false; LEN as usize];
        mask[chosen.clone()].fill(true);
        for options in &all_options {
            for (name, context) in contexts(options) {
                let (out, report) =
                    slow::run_report_in(&context, pasha::masked(&(0..LEN), &mask)).unwrap();
                let expected = chosen.clone().map(|index| index as u64 + 1);
                assert!(out.iter().skip(chosen.start).copied().zip(expected).all(|(a, b)| a == b));
                assert_eq!(out.iter().filter(|&&value| value > 0).count(), 400);
                let finished: Vec<usize> =
                    report.workers.iter().map(|worker| worker.finished).collect();
                assert_eq!(finished.iter().sum::<usize>(), 400, "{name} {options:?}");
                assert!(
                    name == "serial" || finished.iter().all(|&finished| finished > 100),
                    "{name} {options:?}: {finished:?}"
                );
            }
        }
    }
}

#[test]
fn the_progress_of_a_masked_map_is_that_of_its_items() {
    let mask: Vec<bool> = (0..LEN).map(|number| number % 500 == 7).collect();
    for (name, context) in contexts(&Options::new()) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&told);
        let hook = move |progress: pasha::Progress| to.lock().unwrap().push(progress);
        let context = context.on_progress(Duration::from_millis(5), hook);
        slow::run_in(&context, pasha::masked(&(0..LEN), &mask)).unwrap();
        let told = told.lock().unwrap();
        assert!(told.iter().all(|it| it.len == 200 && it.finished <= 200), "{name}: {told:?}");
        assert_eq!(told.last().unwrap().finished, 200, "{name}");
        assert!(told.iter().any(|it| (1..200).contains(&it.finished)), "{name}: {told:?}");
    }
}

#[test]
fn a_look_at_a_masked_map_counts_its_items() {
    let mask: Vec<bool> = (0..LEN).map(|number| number % 500 == 7).collect();
    for (name, context) in contexts(&Options::new()) {
        let mut told = Vec::new();
        let masked = pasha::masked(&(0..LEN), &mask);
        slow::run_live_in(&context, masked, Duration::from_millis(10), |look| {
            told.push(look.progress());
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(told.iter().all(|it| it.len == 200 && it.finished <= 200), "{name}: {told:?}");
        assert!(told.iter().any(|it| (1..200).contains(&it.finished)), "{name}: {told:?}");
    }
}

/// Counts itself in `begun`.
#[pasha::kernel]
fn counted(number: u64, #[shared(copied)] begun: &AtomicU64) -> u64 {
    begun.fetch_add(1, Ordering::Relaxed);
    successor_of(number)
}

#[test]
fn a_panic_of_who_looks_or_is_told_ends_the_map() {
    let every = Duration::from_millis(20);
    for (name, context) in contexts(&Options::new()) {
        let begun = &shared_counters(1)[0];
        let run = || {
            let look = |_: &pasha::Snapshot<'_, _>| panic!("the picture can't be drawn");
            counted::run_live_in(&context, 0..LEN, begun, every, look)
        };
        check_panic(name, begun, "the picture can't be drawn", run);
    }
    for (name, context) in contexts(&Options::new()) {
        let begun = &shared_counters(1)[0];
        let context = context.on_progress(every, |_| panic!("nobody listens"));
        check_panic(name, begun, "nobody listens", || counted::run_in(&context, 0..LEN, begun));
    }
}

fn check_panic<T>(name: &str, begun: &AtomicU64, text: &str, run: impl FnOnce() -> T) {
    let payload = catch_unwind(AssertUnwindSafe(run)).err().expect("the panic goes on");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&text), "{name}");
    let begun = begun.load(Ordering::Relaxed) as usize;
    assert!(begun < AMONG_SLOW.end, "{name}: {begun}");
}
