//! Threads that use HDF5 at once.
//!
//! `hdf5_threads first-use FILE` opens an empty HDF5 file in three threads, while a fourth uses the
//! library for the first time, and prints what the three are told: on one processor, and with the
//! fourth thread as the one that gives way, so that the others run as soon as it wakes them.
//!
//! `hdf5_threads under-the-lock` starts maps in forked processes and prints under the library's
//! lock, while other threads start maps, too; it prints how many maps were right.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use hdf5_metno::sync::sync;
use ndarray::Ix3;
use nix::libc;
use pasha::{Hdf5Dataset, ProcessContext};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["first-use", path] => first_use(path),
        ["under-the-lock"] => under_the_lock(),
        _ => panic!("{arguments:?} is none of what this program does"),
    }
}

fn first_use(path: &str) {
    const OPENING: usize = 3;
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
            let _ = hdf5_metno::File::open(path);
        });
        for _ in 0..OPENING {
            scope.spawn(|| {
                begin.wait();
                let refused = Hdf5Dataset::<u16, Ix3>::open(path, "data").unwrap_err();
                println!("{refused}");
            });
        }
    });
}

fn under_the_lock() {
    const MAPS: usize = 20;
    let context = ProcessContext::new(2).expect("two workers");
    let right = AtomicUsize::new(0);
    let map = || {
        let doubled = pasha::map_in(&context, 0..3_u32, |_, _, number| 2 * number);
        if doubled.is_ok_and(|doubled| doubled.to_vec() == [0, 2, 4]) {
            right.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| (0..MAPS).for_each(|_| sync(map)));
        scope.spawn(|| (0..MAPS).for_each(|_| map()));
        scope.spawn(|| (0..MAPS).for_each(|_| map()));
        scope.spawn(|| {
            for line in 0..10 * MAPS {
                sync(|| println!("line {line}"));
            }
        });
    });
    println!("right: {}", right.into_inner());
}
