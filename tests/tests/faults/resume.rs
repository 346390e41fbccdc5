//! Jobs in files: killed at any moment and run again, they come out as if nothing had been.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ndarray::prelude::*;
use pasha::Error;
use pasha::prelude::*;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

const OUTPUTS: [&str; 3] = ["path.npy", "visits.npy", "result.npy"];

fn start(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_resumer"))
        .args(arguments)
        .current_dir(folder)
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs the program to its end and gives what it printed.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = start(folder, arguments).wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn outputs(folder: &Path) -> [Vec<u8>; 3] {
    OUTPUTS.map(|name| std::fs::read(folder.join(name)).unwrap())
}

/// The number of items that the job file says are done.
fn done(folder: &Path) -> usize {
    let Ok(file) = std::fs::read(folder.join("job.pasha")) else { return 0 };
    let bits = file.get(4096..).unwrap_or_default();
    bits.iter().map(|byte| byte.count_ones() as usize).sum()
}

/// A generator of numbers, the same for the same seed (xorshift64, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }
}

#[test]
fn a_job_killed_at_a_hundred_moments_comes_out_as_undisturbed() {
    const LEN: usize = 20_000;
    let len = LEN.to_string();
    let undisturbed = TempDir::new().unwrap();
    let told = run(undisturbed.path(), &["processes", &len]);
    assert_eq!(told, format!("resumed 0 finished {LEN} failed 0"));
    let expected = outputs(undisturbed.path());

    let mut random = Random(20261123);
    let (mut kills, mut rounds) = (0, 0);
    while kills < 100 {
        let folder = TempDir::new().unwrap();
        let context = ["processes", "processes", "threads", "serial"][rounds % 4];
        loop {
            let before = done(folder.path());
            let mut program = start(folder.path(), &[context, &len]);
            // Some are killed at their very beginning, others when some more items are done.
            let more = match random.next(4) {
                0 => None,
                _ => Some(before + 1 + random.next(LEN / 20)),
            };
            match more {
                None => (0..random.next(3_000_000)).for_each(|_| std::hint::spin_loop()),
                Some(more) => {
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
            if done(folder.path()) > LEN / 2 {
                break;
            }
        }
        // Only what is missing is computed.
        let finished = done(folder.path());
        let told = run(folder.path(), &[context, &len]);
        assert_eq!(told, format!("resumed {finished} finished {} failed 0", LEN - finished));
        assert!(outputs(folder.path()) == expected, "round {rounds}");
        // What is done is done.
        let told = run(folder.path(), &[context, &len]);
        assert_eq!(told, format!("resumed {LEN} finished 0 failed 0"));
        assert!(outputs(folder.path()) == expected, "round {rounds}");
        rounds += 1;
    }
    println!("{kills} kills in {rounds} jobs of {LEN} items");
}

#[test]
fn failed_items_are_tried_again_in_the_next_run() {
    for context in ["serial", "threads", "processes"] {
        let folder = TempDir::new().unwrap();
        let told = run(folder.path(), &[context, "300", "50", "abort"]);
        assert!(told.starts_with("the kernel failed at index 50"), "{told}");
        let finished = done(folder.path());
        assert!((50..300).contains(&finished) || context != "serial", "{context} {finished}");
        let told = run(folder.path(), &[context, "300", "50", "skip"]);
        assert!(told.ends_with(&format!("finished {} failed 1", 299 - finished)), "{told}");
        assert_eq!(done(folder.path()), 299);
        // The kernel's signature does not change with what is given to it.
        assert_eq!(run(folder.path(), &[context, "300"]), "resumed 299 finished 1 failed 0");
    }
}

#[test]
fn two_programs_do_not_work_on_one_job() {
    let folder = TempDir::new().unwrap();
    let mut first = start(folder.path(), &["processes", "100000"]);
    while done(folder.path()) == 0 {
        std::thread::yield_now();
    }
    let told = run(folder.path(), &["processes", "100000"]);
    assert!(told.contains("another process is at work on this job"), "{told}");
    kill_process_group(Pid::from_child(&first), Signal::KILL).unwrap();
    first.wait().unwrap();
}

/// Triples.
#[pasha::kernel]
fn triple(value: f64) -> f64 {
    3.0 * value
}

/// The same with another signature.
mod changed {
    #[pasha::kernel]
    pub(super) fn triple(value: f64, #[shared] factor: f64) -> f64 {
        factor * value
    }
}

/// Adds up.
#[pasha::kernel]
fn add_up(value: f64, #[reduce(sum)] total: &mut f64) {
    *total += value;
}

/// Repeats.
#[pasha::kernel]
fn repeat(value: f64, #[output(ragged = value as usize)] mut copies: ArrayViewMut1<f64>) {
    copies.fill(value);
}

/// The reason of a refusal.
fn reason<T: std::fmt::Debug>(outcome: pasha::Result<T>) -> String {
    match outcome {
        Err(Error::Resume { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_can_not_be_resumed_is_refused() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    let context = ProcessContext::new(2).unwrap().resume(place("job.pasha"));
    let inp = Array1::linspace(1.0, 4.0, 4);

    // Outputs that would be gone with the program.
    assert!(reason(triple::run_in(&context, &inp)).contains("`.file(path)`"));
    let mut private = triple::alloc(&context, &inp).unwrap();
    let told = reason(triple::run_into(&context, &inp, &mut private));
    assert!(told.contains("output `result` does not lie in a file"), "{told}");
    assert!(reason(add_up::run_in(&context, &inp)).contains("#[reduce]"));
    assert!(reason(repeat::run_in(&context, &inp)).contains("ragged"));
    assert!(!place("job.pasha").exists());

    let out = || context.alloc::<f64>(4).file(place("out.npy")).build();
    let mut first = out().unwrap();
    triple::run_into(&context, &inp, &mut first).unwrap();
    drop(first);

    // Another signature, another length, other files: with both values.
    let told = reason(changed::triple::run_into(&context, &inp, 3.0, &mut out().unwrap()));
    assert!(told.contains("`kernel: fn triple(value: f64) -> f64`"), "{told}");
    assert!(
        told.contains("now `kernel: fn triple(value: f64, #[shared] factor: f64) -> f64`"),
        "{told}"
    );
    let longer = context.alloc::<f64>(5).file(place("out.npy")).build();
    let told = reason(longer);
    assert!(told.contains("'shape': (4,)") && told.contains("'shape': (5,)"), "{told}");
    let narrow = context.alloc::<f32>(4).file(place("out.npy")).build();
    let told = reason(narrow);
    assert!(told.contains("'<f8'") && told.contains("'<f4'"), "{told}");
    std::fs::rename(place("out.npy"), place("away.npy")).unwrap();
    assert!(reason(out()).contains("is not there"));
    std::fs::copy(place("away.npy"), place("out.npy")).unwrap();
    let told = reason(triple::run_into(&context, &inp, &mut out().unwrap()));
    assert!(told.contains("inode"), "{told}");
    std::fs::rename(place("away.npy"), place("out.npy")).unwrap();
    triple::run_into(&context, &inp, &mut out().unwrap()).unwrap();

    // The way out that all of these name.
    std::fs::remove_file(place("job.pasha")).unwrap();
    let mut anew = context.alloc::<f64>(5).file(place("out.npy")).build().unwrap();
    triple::run_into(&context, &Array1::ones(5), &mut anew).unwrap();
    assert_eq!(anew, array![3.0, 3.0, 3.0, 3.0, 3.0]);
}

#[test]
fn files_in_fortran_order_are_resumed() {
    #[pasha::kernel]
    fn row(value: f64, #[output(shape = (2, 3), order = F)] mut out: ArrayViewMut2<f64>) {
        out.fill(value);
    }
    let folder = TempDir::new().unwrap();
    let context = ThreadContext::new(2).unwrap().resume(folder.path().join("job.pasha"));
    let inp = Array1::linspace(1.0, 4.0, 4);
    for _ in 0..2 {
        let path = folder.path().join("out.npy");
        let mut out = context.alloc::<f64>((4, 2, 3)).order(Order::F).file(path).build().unwrap();
        row::run_into(&context, &inp, &mut out).unwrap();
        assert_eq!(out.sum(), 60.0);
    }
}
