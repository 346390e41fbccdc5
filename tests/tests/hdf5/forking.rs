//! Forking while other threads are in HDF5.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use ndarray::{Array3, Ix3, s};
use pasha::{Hdf5Dataset, ProcessContext};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::support::{self, frames};

/// Children never wait for what other threads were doing in the library when they were forked.
#[test]
fn other_threads_are_in_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let data = Array3::from_shape_fn((40, 8, 8), |(i, y, x)| (i * 64 + y * 8 + x) as u16);
    support::write(&path, |file| {
        file.new_dataset_builder()
            .with_data(&data)
            .chunk((4, 8, 8))
            .deflate(1)
            .create("gzip")
            .unwrap();
        // One that children read through libhdf5.
        file.new_dataset_builder()
            .with_data(&data)
            .chunk((4, 8, 8))
            .scale_offset(hdf5_metno::filters::ScaleOffset::Integer(0))
            .create("scaled")
            .unwrap();
    });
    let stop = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for name in ["gzip", "scaled", "gzip"] {
            let (stop, reads, path) = (&stop, &reads, &path);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let file = hdf5_metno::File::open(path).unwrap();
                    let read: Array3<u16> =
                        file.dataset(name).unwrap().read_slice(s![3..9, .., ..]).unwrap();
                    assert_eq!(read[[0, 0, 1]], 193);
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let context =
            ProcessContext::new(3).unwrap().item_timeout(std::time::Duration::from_secs(20));
        let mut failed = None;
        for round in 0..60 {
            let name = ["gzip", "scaled"][round % 2];
            let seen = Hdf5Dataset::<u16, Ix3>::open(&path, name)
                .map(|dataset| frames(&context, &dataset));
            if seen.as_ref().ok() != Some(&data) {
                failed = Some((round, name));
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert_eq!(failed, None);
    });
    assert!(reads.into_inner() > 0);
}

/// What the program `hdf5_threads` prints with these arguments, which has to end.
fn said(arguments: &[&str]) -> String {
    let program = Command::new(env!("CARGO_BIN_EXE_hdf5_threads"))
        .args(arguments)
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut program = program.unwrap();
    let mut stdout = program.stdout.take().unwrap();
    let (text, texts) = channel();
    std::thread::spawn(move || {
        let mut read = String::new();
        stdout.read_to_string(&mut read).unwrap();
        let _ = text.send(read);
    });
    let read = texts.recv_timeout(Duration::from_secs(120));
    if read.is_err() {
        // Its workers, too, which have its standard output.
        kill_process_group(Pid::from_child(&program), Signal::KILL).unwrap();
    }
    let status = program.wait().unwrap();
    let read = read.unwrap_or_else(|_| panic!("{arguments:?} did not end"));
    assert!(status.success(), "{arguments:?}: {status}, {read}");
    read
}

/// Maps that are started under the library's lock, and threads that print under it, hinder no map
/// of another thread.
#[test]
fn maps_and_prints_under_the_lock_of_the_library() {
    let told = said(&["under-the-lock"]);
    assert!(told.ends_with("right: 60\n"), "{told}");
}

/// Children never wait for what another thread was making of the library, on its first use, when
/// they were forked.
#[test]
fn another_thread_uses_the_library_for_the_first_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.h5");
    std::fs::write(&path, "").unwrap();
    for _ in 0..40 {
        let told = said(&["first-use", path.to_str().unwrap()]);
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(told.lines().all(|line| line.contains("empty (0 bytes)")), "{told}");
    }
}

/// A kernel in a forked worker uses the library in threads of its own, and starts maps there.
#[test]
fn threads_of_a_kernel_use_the_library_in_forked_workers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let data = Array3::from_shape_fn((6, 4, 4), |(i, y, x)| (i * 16 + y * 4 + x) as u16);
    support::write(&path, |file| {
        file.new_dataset_builder()
            .with_data(&data)
            .chunk((1, 4, 4))
            .scale_offset(hdf5_metno::filters::ScaleOffset::Integer(0))
            .create("frames")
            .unwrap();
    });
    let two = || ProcessContext::new(2).unwrap();
    let sum = || {
        let frames = Hdf5Dataset::<u16, Ix3>::open(&path, "frames").unwrap();
        let all = frames.load().unwrap().iter().map(|&count| u64::from(count)).sum::<u64>();
        let sums = pasha::map_in(&two(), &frames, |_, _, frame| {
            frame.iter().map(|&count| u64::from(count)).sum::<u64>()
        });
        assert_eq!(sums.unwrap().sum(), all);
        all
    };
    let expected = sum();
    let in_threads = pasha::map_in(&two(), 0..4_usize, |_, _, _| {
        std::thread::scope(|scope| {
            let threads = [scope.spawn(sum), scope.spawn(sum)];
            threads.map(|thread| thread.join().unwrap()).iter().sum::<u64>()
        })
    });
    assert_eq!(in_threads.unwrap().to_vec(), [2 * expected; 4]);
    let pool = || rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let in_pools = pasha::map_in(&two(), 0..2_usize, |_, _, _| pool().install(sum));
    assert_eq!(in_pools.unwrap().to_vec(), [expected; 2]);
}
