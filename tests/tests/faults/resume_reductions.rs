//! Jobs with reductions: killed at any moment and run again, with other workers too, they come out
//! bit for bit as if nothing had been.

use std::path::Path;
use std::process::Child;

use ndarray::prelude::*;
use pasha::prelude::*;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::resume::{Random, done, kill_workers, reason, start_program, told_by};

fn start(folder: &Path, arguments: &[&str]) -> Child {
    start_program(env!("CARGO_BIN_EXE_accumulator"), folder, arguments)
}

/// Runs the program to its end and gives what it printed.
fn run(folder: &Path, arguments: &[&str]) -> String {
    told_by(start(folder, arguments))
}

fn outputs(folder: &Path) -> [Vec<u8>; 2] {
    ["sums.bin", "result.npy"].map(|name| std::fs::read(folder.join(name)).unwrap())
}

/// `resumed R finished F failed 0`: the two numbers.
fn counts(told: &str) -> (usize, usize) {
    let words: Vec<&str> = told.split(' ').collect();
    assert!(told.ends_with("failed 0") && words.len() == 6, "{told}");
    (words[1].parse().unwrap(), words[3].parse().unwrap())
}

#[test]
fn a_job_with_reductions_killed_at_sixty_moments_comes_out_bit_for_bit() {
    const LEN: usize = 6_000;
    let len = LEN.to_string();
    let undisturbed = TempDir::new().unwrap();
    let told = run(undisturbed.path(), &["serial", "1", &len]);
    assert_eq!(told, format!("resumed 0 finished {LEN} failed 0"));
    let expected = outputs(undisturbed.path());

    let mut random = Random(20261129);
    let (mut kills, mut rounds, mut kept) = (0, 0, 0);
    while kills < 60 {
        let folder = TempDir::new().unwrap();
        for _ in 0..6 {
            let context = ["processes", "threads", "processes", "serial"][random.next(4)];
            let workers = ["1", "2", "3", "7"][random.next(4)];
            let before = done(folder.path());
            let mut program = start(folder.path(), &[context, workers, &len]);
            match random.next(5) {
                0 => (0..random.next(3_000_000)).for_each(|_| std::hint::spin_loop()),
                _ => {
                    let more = before + 1 + random.next(LEN / 5);
                    while done(folder.path()) < more.min(LEN)
                        && program.try_wait().unwrap().is_none()
                    {
                        std::thread::yield_now();
                    }
                }
            }
            if program.try_wait().unwrap().is_none() {
                kill_process_group(Pid::from_child(&program), Signal::KILL).unwrap();
                kills += 1;
            }
            program.wait().unwrap();
        }
        let noted = done(folder.path());
        let told = run(folder.path(), &["processes", "2", &len]);
        let (resumed, finished) = counts(&told);
        // Of each worker at most the block that it was at is computed again.
        assert!(resumed + finished == LEN && resumed <= noted, "{told}, {noted} noted");
        assert!(resumed + 7 * LEN.div_ceil(256) >= noted, "{told}, {noted} noted");
        kept += resumed;
        assert!(outputs(folder.path()) == expected, "round {rounds}");
        // What is done is done, and the sums are there again.
        std::fs::remove_file(folder.path().join("sums.bin")).unwrap();
        let told = run(folder.path(), &["threads", "2", &len]);
        assert_eq!(told, format!("resumed {LEN} finished 0 failed 0"));
        assert!(outputs(folder.path()) == expected, "round {rounds}");
        rounds += 1;
    }
    assert!(kept > 0);
    println!("{kills} kills in {rounds} jobs of {LEN} items");
}

#[test]
fn a_job_that_fails_at_an_item_goes_on_with_its_sums() {
    let undisturbed = TempDir::new().unwrap();
    run(undisturbed.path(), &["serial", "1", "300"]);
    for context in ["serial", "threads", "processes"] {
        let folder = TempDir::new().unwrap();
        let told = run(folder.path(), &[context, "2", "300", "200", "abort"]);
        assert!(told.starts_with("the kernel failed at index 200"), "{told}");
        let told = run(folder.path(), &[context, "2", "300", "200", "skip"]);
        assert!(told.ends_with("failed 1"), "{told}");
        let skipped = outputs(folder.path());
        assert!(skipped != outputs(undisturbed.path()));
        // Gone on with once more, the item that was left out is in the sums.
        let told = run(folder.path(), &[context, "2", "300"]);
        let (resumed, finished) = counts(&told);
        assert!(resumed < 300 && resumed + finished == 300, "{told}");
        assert!(outputs(folder.path()) == outputs(undisturbed.path()), "{context}");
    }
}

#[test]
fn workers_that_are_killed_lose_nothing_of_what_is_saved() {
    const LEN: usize = 6_000;
    let len = LEN.to_string();
    let undisturbed = TempDir::new().unwrap();
    run(undisturbed.path(), &["serial", "1", &len]);
    let mut random = Random(7);
    let mut killed = 0;
    while killed < 40 {
        let folder = TempDir::new().unwrap();
        let arguments = ["processes", "3", &len, "6000", "retry"];
        for is_last in [false, true] {
            let program = start(folder.path(), &arguments);
            killed += kill_workers(program, folder.path(), LEN, is_last, &mut random);
        }
        assert!(outputs(folder.path()) == outputs(undisturbed.path()), "after {killed} kills");
    }
}

/// Adds up frames.
#[pasha::kernel]
fn add_up(value: f64, #[reduce(sum)] total: &mut f64) {
    *total += value;
}

/// Fails at once.
#[pasha::kernel]
fn fail(value: f64, #[reduce(sum)] total: &mut f64) -> Result<(), &'static str> {
    *total += value;
    Err("told to")
}

#[test]
fn a_durable_job_has_the_file_of_its_sums_before_anything_is_noted() {
    let folder = TempDir::new().unwrap();
    let context = SerialContext::new().resume(folder.path().join("job")).durable(true);
    fail::run_in(&context, &[1.0, 2.0]).unwrap_err();
    assert!(folder.path().join("job.accumulators").exists());
}

#[test]
fn reductions_alone_need_no_other_file() {
    let folder = TempDir::new().unwrap();
    let job = folder.path().join("job.pasha");
    let saved = folder.path().join("job.pasha.accumulators");
    let inp = Array1::from_shape_fn(1000, |index| 1.0 / (index as f64 + 1.0));
    let context = ThreadContext::new(2).unwrap().resume(&job);
    let (total, report) = add_up::run_report_in(&context, &inp).unwrap();
    assert_eq!((report.resumed, report.finished), (0, 1000));
    // Another program: other workers, and nothing that is left to do.
    let context = ProcessContext::new(3).unwrap().resume(&job);
    let (again, report) = add_up::run_report_in(&context, &inp).unwrap();
    assert_eq!((report.resumed, report.finished), (1000, 0));
    assert_eq!(again.to_bits(), total.to_bits());
    let reproducible = SerialContext::new().reproducible(true);
    assert_eq!(add_up::run_in(&reproducible, &inp).unwrap().to_bits(), total.to_bits());

    let whole = std::fs::read(&saved).unwrap();
    std::fs::remove_file(&saved).unwrap();
    let told = reason(add_up::run_in(&context, &inp));
    assert!(told.contains("job.pasha.accumulators; put it back, or delete"), "{told}");
    for len in [0, 100, 5000, whole.len() - 1] {
        std::fs::write(&saved, &whole[..len]).unwrap();
        let told = reason(add_up::run_in(&context, &inp));
        assert!(told.contains("to begin anew") && told.contains("accumulators"), "{told}");
    }
    std::fs::write(&saved, [&whole[..], b"more"].concat()).unwrap();
    assert!(reason(add_up::run_in(&context, &inp)).contains("is damaged, it has"));
    let mut flipped = whole.clone();
    flipped[30] ^= 1;
    std::fs::write(&saved, &flipped).unwrap();
    assert!(reason(add_up::run_in(&context, &inp)).contains("is damaged, its header"));
    // Of another job.
    let other = folder.path().join("other");
    add_up::run_in(&SerialContext::new().resume(&other), inp.slice(s![..10])).unwrap();
    std::fs::copy(folder.path().join("other.accumulators"), &saved).unwrap();
    let told = reason(add_up::run_in(&context, &inp));
    assert!(told.contains("is of another job"), "{told}");
    std::fs::write(&saved, &whole).unwrap();
    assert_eq!(add_up::run_in(&context, &inp).unwrap().to_bits(), total.to_bits());

    // Begun anew, it counts nothing twice.
    std::fs::remove_file(&job).unwrap();
    let (anew, report) = add_up::run_report_in(&context, &inp).unwrap();
    assert_eq!((report.resumed, anew.to_bits()), (0, total.to_bits()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "nothing else is left");
}

#[test]
fn a_job_that_could_not_begin_leaves_its_file_to_others() {
    let folder = TempDir::new().unwrap();
    let context = SerialContext::new().resume(folder.path().join("job"));
    // Nothing can be saved where there is a folder in the way.
    let in_the_way = folder.path().join("job.accumulators.new");
    std::fs::create_dir(&in_the_way).unwrap();
    let error = add_up::run_in(&context, &[1.0, 2.0]).unwrap_err().to_string();
    assert!(error.contains("job.accumulators.new"), "{error}");
    std::fs::remove_dir(&in_the_way).unwrap();
    // Another kernel, over other items.
    assert!(fail::run_in(&context, &[1.0, 2.0, 3.0]).is_err());
    // Once it has begun the file is its own.
    let told = reason(add_up::run_in(&context, &[1.0, 2.0]));
    assert!(told.contains("begun with another job"), "{told}");
}
