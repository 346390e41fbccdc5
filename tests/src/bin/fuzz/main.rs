//! Throws damaged files at the parsers that read headers in the user's process: none may panic,
//! take longer than a moment, or ask for much memory. `fuzz SECONDS [TARGET [FIRST [CASES]]]`.
//!
//! Each case is made of its number alone, so that `fuzz 0 TARGET NUMBER 1` does it again. The cases
//! know what the files are made of: numbers become those at which types end, brackets, quotes and
//! keywords come and go, parts are taken out, doubled, and taken from another file.

mod memory;
mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mutate::{Random, mutated};
use targets::Target;

#[global_allocator]
static MEMORY: memory::Counted = memory::Counted;

/// The most memory that reading a header may take.
const MOST_BYTES: usize = 100 << 20;
/// The longest that it may take, on a machine that is busy.
const LONGEST: Duration = Duration::from_secs(10);

/// The case that is being done, and since when in milliseconds.
static CASE: AtomicU64 = AtomicU64::new(0);
static SINCE: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).map(|text| text.parse().expect("a number"));
    let seconds = number(0).unwrap_or(60);
    let (first, cases) = (number(2).unwrap_or(0), number(3).unwrap_or(u64::MAX));
    let wanted = arguments.get(1);
    let targets: Vec<Target> = targets::all()
        .into_iter()
        .filter(|target| wanted.is_none_or(|name| name == target.name))
        .collect();
    assert!(!targets.is_empty(), "there is no target {wanted:?}");
    // What a parser panics with is told with the case; zarrs' panics are caught by pasha.
    std::panic::set_hook(Box::new(|_| {}));
    let begun = Instant::now();
    std::thread::spawn(move || watch(begun));
    let time = Duration::from_secs(seconds) / targets.len() as u32;
    let mut is_well = true;
    for target in &targets {
        let time = if cases == u64::MAX { time } else { Duration::MAX };
        is_well &= run(target, begun, time, first..first.saturating_add(cases));
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the cases of a target, as many as there is time for; says whether all went well.
fn run(target: &Target, begun: Instant, time: Duration, cases: std::ops::Range<u64>) -> bool {
    let start = Instant::now();
    let (mut done, mut accepted, mut peak) = (0_u64, 0_u64, 0);
    for case in cases {
        if start.elapsed() > time {
            break;
        }
        let mut random = Random::new(case);
        let file = mutated(&mut random, &target.corpus);
        CASE.store(case, Ordering::Relaxed);
        SINCE.store(begun.elapsed().as_millis() as usize, Ordering::Relaxed);
        memory::begin();
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(&file)));
        let used = memory::peak();
        let failure = match &outcome {
            Err(payload) => {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or_default();
                Some(format!("a panic: {text}"))
            }
            Ok(_) if used > MOST_BYTES => Some(format!("{used} bytes of memory")),
            Ok(_) => None,
        };
        if let Some(failure) = failure {
            println!("{} case {case}: {failure}, of \"{}\"", target.name, file.escape_ascii());
            return false;
        }
        accepted += u64::from(matches!(outcome, Ok(true)));
        peak = peak.max(used);
        done += 1;
    }
    let took = start.elapsed().as_secs_f64();
    println!(
        "{}: {done} files in {took:.1} s, {accepted} of them accepted, at most {peak} bytes",
        target.name
    );
    // A parser that takes everything, or nothing, is not being tested.
    accepted > 0 && accepted < done || done < 1000
}

/// Ends the program if a case takes too long.
fn watch(begun: Instant) {
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = begun.elapsed().as_millis() as usize;
        let since = SINCE.load(Ordering::Relaxed);
        if since > 0 && Duration::from_millis((now - since.min(now)) as u64) > LONGEST {
            println!("case {} hangs", CASE.load(Ordering::Relaxed));
            std::process::exit(1);
        }
    }
}
