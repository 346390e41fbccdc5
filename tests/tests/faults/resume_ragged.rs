//! Jobs with ragged outputs: killed at any moment and run again, they come out as if nothing had
//! been.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use ndarray::prelude::*;
use pasha::Ragged;
use pasha::prelude::*;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::resume::{Random, done, kill_workers, reason, start_program, told_by};

fn start(folder: &Path, arguments: &[&str]) -> Child {
    start_program(env!("CARGO_BIN_EXE_ragged"), folder, arguments)
}

/// What the outputs are to be, as `tests/src/bin/ragged.rs` writes them.
fn expected(len: u64) -> Vec<u8> {
    let mut all = Vec::new();
    let put_offsets = |all: &mut Vec<u8>, longest: u64| {
        let mut offset = 0_u64;
        for value in 0..=len {
            all.extend(offset.to_le_bytes());
            offset += value % longest;
        }
    };
    put_offsets(&mut all, 7);
    for value in 0..len {
        (0..value % 7).for_each(|step| all.extend((value + step).to_le_bytes()));
    }
    put_offsets(&mut all, 5);
    for value in 0..len {
        (0..value % 5).for_each(|_| all.extend((value as f32).to_le_bytes()));
    }
    all.extend((len * (len - 1) / 2).to_le_bytes());
    all
}

fn check(folder: &Path, len: u64, what: &str) {
    assert!(std::fs::read(folder.join("ragged.bin")).unwrap() == expected(len), "{what}");
    if folder.join("files").exists() {
        check_files(folder, len, what);
    }
    let results = std::fs::read(folder.join("result.npy")).unwrap();
    let (results, _) = results[results.len() - 8 * len as usize..].as_chunks();
    assert!(
        results.iter().zip(0..).all(|(&bytes, value)| u64::from_le_bytes(bytes) == value * value)
    );
}

/// Checks the pairs of `.npy` files of the outputs, which that program makes where it finds a
/// folder for them.
fn check_files(folder: &Path, len: u64, what: &str) {
    let open = |name: &str| NpyFile::<u64, Ix1>::open(folder.join("files").join(name)).unwrap();
    let offsets_of = |longest: u64| {
        let before = (0..len).scan(0, move |end, value| {
            *end += value % longest;
            Some(*end)
        });
        std::iter::once(0).chain(before).collect::<Array1<u64>>()
    };
    assert!(open("pushed_offsets.npy").view() == offsets_of(7), "{what}");
    assert!(open("offsets.npy").view() == offsets_of(5), "{what}");
    let pushed = (0..len).flat_map(|value| (0..value % 7).map(move |step| value + step));
    assert!(open("pushed.npy").view() == pushed.collect::<Array1<u64>>(), "{what}");
    let of_length = (0..len).flat_map(|value| (0..value % 5).map(move |_| value as f32));
    let file = NpyFile::<f32, Ix1>::open(folder.join("files/of_length.npy")).unwrap();
    assert!(file.view() == of_length.collect::<Array1<f32>>(), "{what}");
}

#[test]
fn a_job_killed_at_any_moment_comes_out_whole() {
    kill_at_any_moment(false, 20261131);
}

#[test]
fn a_job_with_ragged_outputs_in_files_comes_out_whole() {
    kill_at_any_moment(true, 20261130);
}

fn kill_at_any_moment(in_files: bool, seed: u64) {
    const LEN: usize = 4_000;
    let len = LEN.to_string();
    let mut random = Random(seed);
    let (mut kills, mut resumed) = (0, 0);
    while kills < 30 {
        let folder = TempDir::new().unwrap();
        if in_files {
            std::fs::create_dir(folder.path().join("files")).unwrap();
        }
        for _ in 0..5 {
            let contexts = ["serial", "threads", "processes", "processes", "durable-processes"];
            let (context, workers) = (contexts[random.next(5)], ["1", "2", "3"][random.next(3)]);
            let mut program = start(folder.path(), &[context, workers, &len]);
            let more = done(folder.path()) + 1 + random.next(LEN / 4);
            let looks = random.next(30_000);
            // Durable jobs may note nothing before they end.
            for _ in 0..looks {
                if done(folder.path()) >= more.min(LEN) || program.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::yield_now();
            }
            if program.try_wait().unwrap().is_none() {
                kill_process_group(Pid::from_child(&program), Signal::KILL).unwrap();
                kills += 1;
            }
            program.wait().unwrap();
        }
        for context in ["processes", "threads"] {
            let told = told_by(start(folder.path(), &[context, "2", &len]));
            assert!(told.ends_with("failed 0"), "{told}");
            resumed += told.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
            check(folder.path(), LEN as u64, &format!("after {kills} kills"));
        }
        let told = told_by(start(folder.path(), &["serial", "1", &len]));
        assert_eq!(told, format!("resumed {LEN} finished 0 failed 0"));
    }
    assert!(resumed > LEN);
}

#[test]
fn workers_that_are_killed_lose_no_slots() {
    const LEN: usize = 5_000;
    let len = LEN.to_string();
    let mut random = Random(13);
    let mut killed = 0;
    while killed < 20 {
        let folder = TempDir::new().unwrap();
        let program = start(folder.path(), &["processes", "3", &len, &len, "retry"]);
        killed += kill_workers(program, folder.path(), LEN, true, &mut random);
        check(folder.path(), LEN as u64, &format!("after {killed} kills"));
        // All of it is in the journal.
        let told = told_by(start(folder.path(), &["serial", "1", &len]));
        assert_eq!(told, format!("resumed {LEN} finished 0 failed 0"));
        check(folder.path(), LEN as u64, "at last");
    }
}

#[test]
fn failed_items_are_tried_again() {
    for context in ["serial", "threads", "processes"] {
        let folder = TempDir::new().unwrap();
        let told = told_by(start(folder.path(), &[context, "2", "300", "200", "abort"]));
        assert!(told.starts_with("the kernel failed at index 200"), "{told}");
        let told = told_by(start(folder.path(), &[context, "2", "300", "200", "skip"]));
        assert!(told.ends_with("failed 1"), "{told}");
        let told = told_by(start(folder.path(), &[context, "2", "300"]));
        assert!(told.ends_with("failed 0"), "{told}");
        check(folder.path(), 300, context);
    }
}

/// The divisors of a number.
#[pasha::kernel]
fn divisors(number: u32, #[output(ragged)] found: &mut Ragged<u32>) {
    found.extend((1..=number).filter(|&divisor| number.is_multiple_of(divisor)));
}

/// As many copies of a number as its square root.
#[pasha::kernel]
fn copies(number: f64, #[output(ragged = number.sqrt() as usize)] mut slot: ArrayViewMut1<f64>) {
    slot.fill(number);
}

#[test]
fn ragged_outputs_alone_need_no_other_file() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    let context = ThreadContext::new(2).unwrap().resume(place("job"));
    let first = divisors::run_in(&context, 0..100_u32).unwrap();
    assert_eq!(first[12], [1, 2, 3, 4, 6, 12]);
    let context = ProcessContext::new(3).unwrap().resume(place("job"));
    let (again, report) = divisors::run_report_in(&context, 0..100_u32).unwrap();
    assert_eq!((report.resumed, report.finished), (100, 0));
    assert_eq!(again, first);

    // Slots of other lengths.
    let inp = [1.0, 4.0, 9.0];
    let other = SerialContext::new().resume(place("copies"));
    assert_eq!(copies::run_in(&other, &inp).unwrap().to_vec()[1..], [vec![4.0; 2], vec![9.0; 3]]);
    assert_eq!(copies::run_in(&other, &inp).unwrap()[2], [9.0; 3]);
    let told = reason(copies::run_in(&other, &[1.0, 9.0, 4.0]));
    assert!(told.contains("copies.journal has slots of another length for items 1..2"), "{told}");

    // A journal that is missing, cut, or changed.
    let journal = place("job.journal");
    let whole = std::fs::read(&journal).unwrap();
    std::fs::remove_file(&journal).unwrap();
    let lacks = |told: String| assert!(told.contains("job.journal lacks item"), "{told}");
    lacks(reason(divisors::run_in(&context, 0..100_u32)));
    for len in [0, 100, whole.len() - 1] {
        std::fs::write(&journal, &whole[..len]).unwrap();
        lacks(reason(divisors::run_in(&context, 0..100_u32)));
    }
    let mut changed = whole.clone();
    changed[100] ^= 1;
    std::fs::write(&journal, &changed).unwrap();
    lacks(reason(divisors::run_in(&context, 0..100_u32)));
    std::fs::write(&journal, &whole).unwrap();
    assert_eq!(divisors::run_in(&context, 0..100_u32).unwrap(), first);
    // What is not pasha's is not replaced.
    std::fs::write(place("mine.journal"), "something").unwrap();
    let told = reason(divisors::run_in(&SerialContext::new().resume(place("mine")), 0..3_u32));
    assert!(told.contains("mine.journal is another file, which begins with \"somethin"), "{told}");
    assert_eq!(std::fs::read_to_string(place("mine.journal")).unwrap(), "something");
    // Begun anew, the old journal is not looked at.
    std::fs::remove_file(place("job")).unwrap();
    let (anew, report) = divisors::run_report_in(&context, 0..100_u32).unwrap();
    assert_eq!((report.resumed, anew), (0, first));
    assert!(std::fs::read(&journal).unwrap().len() <= whole.len());
}

#[test]
fn values_in_a_file_are_gone_on_with_there() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    let context = ProcessContext::new(2).unwrap().resume(place("job"));
    let array = |context: &dyn Context| {
        context.alloc_ragged::<f64>(3).files(place("values.npy"), place("offsets.npy")).build()
    };
    let inp = [1.0, 4.0, 9.0];
    let mut out = array(&context).unwrap();
    copies::run_into(&context, &inp, &mut out).unwrap();
    assert!(out.is_file_backed() && !place("job.journal").exists());
    assert_eq!(out.to_vec()[1..], [vec![4.0; 2], vec![9.0; 3]]);
    drop(out);
    let mut again = array(&context).unwrap();
    let report = copies::run_report_into(&context, &inp, &mut again).unwrap();
    assert_eq!((report.resumed, again[2].to_vec()), (3, vec![9.0; 3]));
    // Within one program, too.
    assert_eq!(copies::run_report_into(&context, &inp, &mut again).unwrap().resumed, 3);
    drop(again);

    // A file that is missing, and another in its place.
    let refused = |inp: &[f64]| {
        let mut out = array(&context).unwrap();
        let told = reason(copies::run_into(&context, inp, &mut out));
        assert_eq!((out.len(), out.values().len()), (3, 0));
        told
    };
    // Slots of other lengths, as many values together or not: nothing is changed.
    let offsets = std::fs::read(place("offsets.npy")).unwrap();
    for (inp, slot, has) in [([4.0, 1.0, 9.0], 0, 1), ([1.0, 4.0, 16.0], 2, 3)] {
        let mut out = array(&context).unwrap();
        let told = copies::run_into(&context, &inp, &mut out).unwrap_err().to_string();
        assert!(told.contains(&format!("length of slot {slot}")), "{told}");
        assert!(told.contains(&format!("has {has}")), "{told}");
    }
    assert!(std::fs::read(place("offsets.npy")).unwrap() == offsets);
    std::fs::rename(place("values.npy"), place("kept.npy")).unwrap();
    let told = refused(&inp);
    assert!(told.contains("values.npy is not there; put back"), "{told}");
    std::fs::copy(place("kept.npy"), place("values.npy")).unwrap();
    let mut out = array(&context).unwrap();
    let told = reason(copies::run_into(&context, &inp, &mut out));
    assert!(told.contains("another file lies in its place"), "{told}");
    drop(out);
    std::fs::rename(place("kept.npy"), place("values.npy")).unwrap();
    let mut out = array(&context).unwrap();
    assert_eq!(copies::run_report_into(&context, &inp, &mut out).unwrap().resumed, 3);
}

#[test]
fn a_full_disk_is_told_and_the_job_goes_on_when_there_is_room() {
    let folder = TempDir::new().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "none"]).arg(&disk);
        mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !mount("size=256k") {
        return println!("skipped: file systems can't be mounted here");
    }
    let context = ThreadContext::new(2).unwrap().resume(disk.join("job"));
    let skipping = context.clone().on_failure(OnFailure::Skip { at_most: 5000 });
    let errors = [&context, &skipping]
        .map(|context| divisors::run_in(context, 0..5000_u32).unwrap_err().to_string());
    assert!(mount("remount,size=16m"));
    let (found, report) = divisors::run_report_in(&context, 0..5000_u32).unwrap();
    drop(context);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    for error in errors {
        assert!(error.contains("job.journal: No space left on device"), "{error}");
        assert!(error.contains("beside the job file"), "{error}");
    }
    assert!(report.resumed > 0 && report.resumed + report.finished == 5000);
    assert_eq!(found, divisors::run_serial(0..5000_u32).unwrap());
}
