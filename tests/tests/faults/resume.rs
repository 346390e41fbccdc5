//! Jobs in files: killed at any moment and run again, they come out as if nothing had been.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ndarray::prelude::*;
use pasha::Error;
use pasha::prelude::*;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

const OUTPUTS: [&str; 3] = ["path.npy", "visits.npy", "result.npy"];

pub(super) fn start(folder: &Path, arguments: &[&str]) -> Child {
    start_program(env!("CARGO_BIN_EXE_resumer"), folder, arguments)
}

/// Starts a program in a group of its own.
pub(super) fn start_program(program: &str, folder: &Path, arguments: &[&str]) -> Child {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs the program to its end and gives what it printed.
pub(super) fn run(folder: &Path, arguments: &[&str]) -> String {
    told_by(start(folder, arguments))
}

/// What a program prints until its end.
pub(super) fn told_by(program: Child) -> String {
    let output = program.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(super) fn outputs(folder: &Path) -> [Vec<u8>; 3] {
    OUTPUTS.map(|name| std::fs::read(folder.join(name)).unwrap())
}

/// The number of items that the job file says are done.
pub(super) fn done(folder: &Path) -> usize {
    let Ok(file) = std::fs::read(folder.join("job.pasha")) else { return 0 };
    // Words of 32 bits, and their checksums.
    let words = file.get(4096..).unwrap_or_default().chunks(8);
    words.flat_map(|word| &word[..4]).map(|byte| byte.count_ones() as usize).sum()
}

/// A generator of numbers, the same for the same seed (xorshift64, Marsaglia 2003).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self, below: usize) -> usize {
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

/// Adds up, by worker.
#[pasha::kernel]
fn add_up(value: f64, #[per_worker] total: &mut f64) {
    *total += value;
}

/// The processes that a process has started.
fn workers_of(program: &Child) -> Vec<Pid> {
    let children = format!("/proc/{0}/task/{0}/children", program.id());
    let children = std::fs::read_to_string(children).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// Kills workers of a program at moments of its choice, and the program once half of the items are
/// done, unless it is the last; how many workers were killed when it has ended.
pub(super) fn kill_workers(
    mut program: Child,
    folder: &Path,
    len: usize,
    is_last: bool,
    random: &mut Random,
) -> usize {
    let (mut killed, mut next) = (0, done(folder));
    while program.try_wait().unwrap().is_none() {
        if done(folder) >= next {
            next += 1 + random.next(len / 5);
            let workers = workers_of(&program);
            if let Some(&worker) = workers.get(random.next(workers.len().max(1))) {
                killed += usize::from(kill_process(worker, Signal::KILL).is_ok());
            }
            if !is_last && done(folder) > len / 2 {
                kill_process_group(Pid::from_child(&program), Signal::KILL).unwrap();
            }
        }
        std::thread::yield_now();
    }
    program.wait().unwrap();
    killed
}

/// The reason of a refusal.
pub(super) fn reason<T: std::fmt::Debug>(outcome: pasha::Result<T>) -> String {
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
    let skipping = context.clone().on_failure(OnFailure::Skip { at_most: 1 });
    assert!(
        reason(add_up::run_in(&skipping, &inp)).contains("`#[per_worker]` outputs, and an item")
    );
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
fn bytes_that_are_no_elements_of_a_resumed_output_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (job, out) = (folder.path().join("job"), folder.path().join("out.npy"));
    let context = SerialContext::new().resume(&job);
    let begin = || context.alloc::<bool>(8).file(&out).build();
    let mut flags = begin().unwrap();
    is_even::run_into(&context, 0..8_usize, &mut flags).unwrap();
    drop(flags);
    assert!(begin().unwrap()[2]);
    let mut bytes = std::fs::read(&out).unwrap();
    let place = bytes.len() - 3;
    bytes[place] = 7;
    std::fs::write(&out, bytes).unwrap();
    let told = reason(begin());
    assert!(told.contains("element 5 is byte 7, which is no `bool`"), "{told}");
}

#[test]
fn another_file_in_the_place_of_a_job_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious.txt");
    std::fs::write(&path, "all my results").unwrap();
    let context = SerialContext::new().resume(&path);
    let told = reason(context.alloc::<bool>(8).file(folder.path().join("out.npy")).build());
    assert!(told.contains("begins with \"all my res\"") && !told.contains("delete"), "{told}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "all my results");
}

#[test]
fn a_job_is_one_map_with_a_path_of_its_own() {
    #[pasha::kernel]
    fn doubled(index: usize) -> u64 {
        2 * index as u64
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("job.npy");
    let context = SerialContext::new().resume(&path);
    let told = reason(context.alloc::<bool>(8).file(&path).build());
    assert!(told.contains("give `resume` and `file` paths of their own"), "{told}");
    assert!(!path.exists());
    let indices: Vec<usize> = (0..8).collect();
    let mut even = context.alloc::<bool>(8).file(folder.path().join("even.npy")).build().unwrap();
    let mut twice = context.alloc::<u64>(8).file(folder.path().join("twice.npy")).build().unwrap();
    is_even::run_into(&context, &indices, &mut even).unwrap();
    let told = reason(doubled::run_into(&context, &indices, &mut twice));
    assert!(told.contains("each map of a program is a job, with a path of its own"), "{told}");
}

/// Says which numbers are even.
#[pasha::kernel]
fn is_even(index: usize) -> bool {
    index.is_multiple_of(2)
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

#[test]
fn two_programs_that_start_one_job_together_lose_nothing() {
    const LEN: usize = 40;
    let len = LEN.to_string();
    let undisturbed = TempDir::new().unwrap();
    run(undisturbed.path(), &["serial", &len]);
    let expected = outputs(undisturbed.path());
    let mut random = Random(20261128);
    let (mut both, mut refused) = (0, 0);
    for round in 0..40 {
        let folder = TempDir::new().unwrap();
        let context = ["serial", "threads", "processes"][round % 3];
        let first = start(folder.path(), &[context, &len]);
        // At once, or up to some milliseconds later.
        (0..random.next(1 << (round % 22))).for_each(|_| std::hint::spin_loop());
        let second = start(folder.path(), &[context, &len]);
        let mut computed = 0;
        for program in [first, second] {
            let output = program.wait_with_output().unwrap();
            let told = String::from_utf8(output.stdout).unwrap();
            match output.status.success() {
                true => {
                    let finished = told.split(' ').nth(3).unwrap();
                    computed += finished.parse::<usize>().unwrap();
                    both += 1;
                }
                false => {
                    assert!(told.contains("another process is at work on this job"), "{told}");
                    refused += 1;
                }
            }
        }
        assert_eq!(computed, LEN, "round {round}: each item is computed once");
        assert!(outputs(folder.path()) == expected, "round {round}");
    }
    println!("{both} programs came to their end, {refused} were refused");
}

#[test]
fn an_output_that_another_process_writes_is_neither_replaced_nor_read() {
    let folder = TempDir::new().unwrap();
    let mut first = start(folder.path(), &["processes", "100000"]);
    while done(folder.path()) == 0 {
        std::thread::yield_now();
    }
    // It holds the file while it is stopped, too, and does not end before it is looked at.
    kill_process_group(Pid::from_child(&first), Signal::STOP).unwrap();
    let path = folder.path().join("result.npy");
    let told = SerialContext::new().alloc::<f64>(3).file(&path).build().unwrap_err().to_string();
    assert!(
        told.contains("another program is writing it") && told.contains("result.npy"),
        "{told}"
    );
    let told = pasha::NpyFile::<f64, Ix1>::open(&path).unwrap_err().to_string();
    assert!(told.contains("another program is writing it"), "{told}");
    kill_process_group(Pid::from_child(&first), Signal::KILL).unwrap();
    first.wait().unwrap();
    // A moment later its last worker has ended.
    pasha::NpyFile::<f64, Ix1>::open(&path).unwrap();
    SerialContext::new().alloc::<f64>(3).file(&path).build().unwrap();
}

#[test]
fn an_output_in_whose_place_another_lies_is_refused() {
    use std::os::unix::fs::MetadataExt;
    let mut same = 0;
    for _ in 0..10 {
        let folder = TempDir::new().unwrap();
        let mut program = start(folder.path(), &["processes", "20000"]);
        while done(folder.path()) < 100 {
            std::thread::yield_now();
        }
        kill_process_group(Pid::from_child(&program), Signal::KILL).unwrap();
        program.wait().unwrap();
        let path = folder.path().join("result.npy");
        let before = std::fs::metadata(&path).unwrap().ino();
        let mut bytes = std::fs::read(&path).unwrap();
        let header = 128 + 64 * usize::from(bytes[8] > 118);
        bytes[header..].fill(0);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
        // ext4 gives the number of a removed file to the next.
        same += usize::from(std::fs::metadata(&path).unwrap().ino() == before);
        let told = run(folder.path(), &["processes", "20000"]);
        assert!(told.contains("another file lies in its place"), "{told}");
        assert!(told.contains("then `file of output result: inode"), "{told}");
        assert!(told.contains("now `file of output result: inode"), "{told}");
    }
    println!("{same} of 10 had the same inode");
}

#[test]
fn job_files_that_were_changed_at_rest_are_refused_with_both_values() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("job.pasha");
    run(folder.path(), &["serial", "10"]);
    let whole = std::fs::read(&place).unwrap();
    assert_eq!(whole.len(), 4096 + 8);
    let damaged: [[u8; 8]; 4] = [
        // None of the ten items done, but all that there are not; all; none.
        [0x00, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0xff; 8],
        [0; 8],
        // One bit.
        std::array::from_fn(|place| whole[4096 + place] ^ u8::from(place == 1)),
    ];
    for bytes in damaged {
        std::fs::write(&place, [&whole[..4096], &bytes].concat()).unwrap();
        let told = run(folder.path(), &["serial", "10"]);
        assert!(told.contains("is damaged") && told.contains("items 0 to 9"), "{told}");
        assert!(told.contains("has the checksum") && told.contains("is noted there"), "{told}");
    }
    std::fs::write(&place, &whole).unwrap();
    assert_eq!(run(folder.path(), &["serial", "10"]), "resumed 10 finished 0 failed 0");
}
