//! Jobs with accumulators of workers: killed at any moment and run again, each item is in them
//! once.

use std::path::Path;
use std::process::Child;

use pasha::prelude::*;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::resume::{Random, done, kill_workers, reason, start_program, told_by};

fn start(folder: &Path, arguments: &[&str]) -> Child {
    start_program(env!("CARGO_BIN_EXE_of_workers"), folder, arguments)
}

/// What all workers have accumulated over so many items, and the items' own results.
fn check_sums(folder: &Path, len: usize, what: &str) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let numbers = |bytes: &[u8]| -> Vec<u64> {
        bytes.as_chunks().0.iter().map(|&number| u64::from_le_bytes(number)).collect()
    };
    let len = len as u64;
    let cell = |row: u64, column: u64| {
        (0..len).filter(|value| value % 4 == row && value / 4 % 4 == column).count() as u64
    };
    let cells = (0..4).flat_map(|row| (0..4).map(move |column| cell(row, column)));
    let total = len * (len - 1) / 2;
    let expected: Vec<u64> = cells.chain([total, total]).collect();
    assert_eq!(numbers(&read("sums.bin")), expected, "{what}");
    let results = read("result.npy");
    let results = numbers(&results[results.len() - 8 * len as usize..]);
    assert!(results.into_iter().eq((0..len).map(|value| value * value)), "{what}");
}

#[test]
fn each_item_is_accumulated_once_whenever_the_program_is_killed() {
    const LEN: usize = 5_000;
    let len = LEN.to_string();
    let mut random = Random(20261130);
    let (mut kills, mut resumed) = (0, 0);
    while kills < 40 {
        let folder = TempDir::new().unwrap();
        let workers = ["1", "2", "3", "7"][random.next(4)];
        let kernel = ["own", "both"][random.next(2)];
        let contexts: &[&str] = match workers {
            "1" => &["serial", "threads", "processes"],
            _ => &["processes", "threads", "processes", "durable-threads", "durable-processes"],
        };
        let mut context = || contexts[random.next(contexts.len())];
        let arguments = [context(), context(), context(), context()];
        for context in arguments {
            let before = done(folder.path());
            let mut program = start(folder.path(), &[context, workers, &len, kernel]);
            let more = before + 1 + random.next(LEN / 4);
            let spins = random.next(30_000_000);
            let mut looks = 0;
            // Durable jobs may note nothing before they end.
            while done(folder.path()) < more.min(LEN)
                && looks < spins
                && program.try_wait().unwrap().is_none()
            {
                looks += 1000;
                std::thread::yield_now();
            }
            if program.try_wait().unwrap().is_none() {
                kill_process_group(Pid::from_child(&program), Signal::KILL).unwrap();
                kills += 1;
            }
            program.wait().unwrap();
        }
        let what = format!("{kernel} with {workers} workers after {arguments:?}, {kills} kills");
        for context in [contexts[0], contexts[1]] {
            let told = told_by(start(folder.path(), &[context, workers, &len, kernel]));
            assert!(told.ends_with("failed 0"), "{told}");
            resumed += told.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
            check_sums(folder.path(), LEN, &what);
        }
    }
    assert!(resumed > 0);
}

#[test]
fn each_item_is_accumulated_once_whichever_worker_is_killed() {
    const LEN: usize = 6_000;
    let len = LEN.to_string();
    let mut random = Random(11);
    let mut killed = 0;
    while killed < 20 {
        let folder = TempDir::new().unwrap();
        let kernel = ["own", "both"][random.next(2)];
        let arguments = ["processes", "3", &len, kernel, "6000", "retry"];
        for is_last in [false, true] {
            let program = start(folder.path(), &arguments);
            killed += kill_workers(program, folder.path(), LEN, is_last, &mut random);
        }
        check_sums(folder.path(), LEN, &format!("{kernel} after {killed} kills"));
    }
}

#[test]
fn a_failed_job_goes_on_with_what_its_workers_have() {
    for (context, kernel) in [("serial", "own"), ("threads", "both"), ("processes", "own")] {
        let folder = TempDir::new().unwrap();
        let arguments = [context, "2", "300", kernel, "200", "abort"];
        let told = told_by(start(folder.path(), &arguments));
        assert!(told.starts_with("the kernel failed at index 200"), "{told}");
        let told = told_by(start(folder.path(), &[context, "2", "300", kernel]));
        assert!(told.ends_with("failed 0"), "{told}");
        check_sums(folder.path(), 300, context);
    }
}

/// Adds up.
#[pasha::kernel]
fn add_up(value: u64, #[per_worker] total: &mut u64) {
    *total += value;
}

#[test]
fn accumulators_in_files_and_in_memory_are_the_same_and_begin_anew() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    for name in ["memory", "file"] {
        let context = ThreadContext::new(2).unwrap().resume(place(name));
        let totals = || match name {
            "file" => context.alloc::<u64>(2).file(place("totals.npy")).build(),
            _ => context.alloc::<u64>(2).build(),
        };
        let mut out = totals().unwrap();
        out.fill(1000);
        // Whatever the array holds, as without `resume`.
        add_up::run_into(&context, 0..100_u64, &mut out).unwrap();
        assert_eq!(out.sum(), 4950, "{name}");
        let before = out.to_owned();
        drop(out);
        let mut out = totals().unwrap();
        out.fill(7);
        add_up::run_into(&context, 0..100_u64, &mut out).unwrap();
        assert_eq!(out, before, "{name}");
    }
    // A worker more has nowhere to go.
    let context = ThreadContext::new(3).unwrap().resume(place("memory"));
    let told = reason(add_up::run_in(&context, 0..100_u64));
    assert!(
        told.contains("`shape of output total: [2]`, now `shape of output total: [3]`"),
        "{told}"
    );
}

/// Adds up, and fails at an item.
#[pasha::kernel]
fn add_until(value: u64, #[shared] failing: u64, #[per_worker] total: &mut u64) -> Result<(), u8> {
    *total += value;
    if value == failing { Err(1) } else { Ok(()) }
}

#[test]
fn files_of_another_moment_or_another_job_are_refused() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    let copy = |from: &str, to: &str| {
        // What is in the file, and not another file.
        std::fs::write(place(to), std::fs::read(place(from)).unwrap()).unwrap();
    };
    // Most of the items, and then all of them beside the job file of then.
    let until = SerialContext::new().resume(place("until"));
    add_until::run_in(&until, 0..1000_u64, 700).unwrap_err();
    copy("until", "older");
    assert_eq!(add_until::run_in(&until, 0..1000_u64, 1000).unwrap().sum(), 499_500);
    copy("older", "until");
    let told = reason(add_until::run_in(&until, 0..1000_u64, 1000));
    assert!(told.contains("workers have accumulated") && told.contains("are noted"), "{told}");

    let context = SerialContext::new().resume(place("job"));
    assert_eq!(add_up::run_in(&context, 0..1000_u64).unwrap().sum(), 499_500);
    let whole = std::fs::read(place("job")).unwrap();

    // Of another run of the same kernel, alike as it is.
    let other = SerialContext::new().resume(place("other"));
    add_up::run_in(&other, 0..1000_u64).unwrap();
    let own = std::fs::read(place("job.accumulators")).unwrap();
    copy("other.accumulators", "job.accumulators");
    let told = reason(add_up::run_in(&context, 0..1000_u64));
    assert!(told.contains("is of another job"), "{told}");

    // Every byte of what is accumulated counts.
    let mut refused = 0;
    for at in (0..own.len()).filter(|&at| own[at] != 0) {
        let mut changed = own.clone();
        changed[at] ^= 4;
        std::fs::write(place("job.accumulators"), &changed).unwrap();
        match add_up::run_in(&context, 0..1000_u64) {
            Ok(totals) => assert_eq!(totals.sum(), 499_500, "byte {at}"),
            Err(error) => {
                assert!(error.to_string().contains("job.accumulators"), "{error}");
                refused += 1;
            }
        }
        std::fs::write(place("job"), &whole).unwrap();
    }
    assert!(refused > 100, "{refused}");
    std::fs::write(place("job.accumulators"), &own).unwrap();
    assert_eq!(add_up::run_in(&context, 0..1000_u64).unwrap().sum(), 499_500);

    // What is not pasha's is not replaced, nor is what links lead to.
    for name in ["mine.accumulators", "kept"] {
        std::fs::write(place(name), "something of mine").unwrap();
    }
    let mine = SerialContext::new().resume(place("mine"));
    let told = reason(add_up::run_in(&mine, 0..10_u64));
    assert!(told.contains("begins with \"something of"), "{told}");
    std::os::unix::fs::symlink(place("kept"), place("linked.accumulators.new")).unwrap();
    add_up::run_in(&SerialContext::new().resume(place("linked")), 0..10_u64).unwrap();
    for name in ["mine.accumulators", "kept"] {
        assert_eq!(std::fs::read_to_string(place(name)).unwrap(), "something of mine");
    }
}
