//! Opens an empty HDF5 file in three threads, while a fourth uses the library for the first time,
//! and prints what the three are told. On one processor, and with the fourth thread as the one that
//! gives way, so that the others run as soon as it wakes them.

use std::sync::Barrier;
use std::thread;

use ndarray::Ix3;
use nix::libc;
use pasha::Hdf5Dataset;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

const OPENING: usize = 3;

fn main() {
    let path = std::env::args().nth(1).expect("the path of an empty file");
    let allowed = sched_getaffinity(None).expect("the system tells");
    let first = (0..CpuSet::MAX_CPU).find(|&processor| allowed.is_set(processor));
    let mut one = CpuSet::new();
    one.set(first.expect("it runs on one"));
    sched_setaffinity(None, &one).expect("a program may choose its processor");
    let begin = Barrier::new(OPENING + 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            // SAFETY: the call takes any values, and changes the calling thread alone.
            unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) };
            begin.wait();
            let _ = hdf5_metno::File::open(&path);
        });
        for _ in 0..OPENING {
            scope.spawn(|| {
                begin.wait();
                let refused = Hdf5Dataset::<u16, Ix3>::open(&path, "data").unwrap_err();
                println!("{refused}");
            });
        }
    });
}
