//! Programs with other threads, and kernels with threads of their own.

use std::os::fd::AsRawFd;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pasha::{Cause, OnFailure};
use pasha_tests::{at_item, children};

use super::{double, misbehave, told, two_processes};

/// Allocates, prints a line, and panics sometimes.
#[pasha::kernel]
fn busy(value: usize, #[shared] map: usize, #[output] printed: &mut bool) -> usize {
    let text: String = (0..200).map(|n| format!("{n},")).collect();
    println!("kernel {map} {value}");
    *printed = true;
    assert!(map % 10 != 7 || value != 2, "as told");
    text.len()
}

/// Uses the allocator in sizes of all kinds.
fn allocate(round: usize) -> usize {
    let sizes = (0..20_usize).map(|n| (round + 1) * (n + 1) % 3000 * n);
    let blocks: Vec<Vec<u8>> = sizes.map(|size| vec![1; size]).collect();
    blocks.iter().map(Vec::len).sum()
}

/// Many maps, while other threads allocate, print and panic.
pub(super) fn crowd(maps: usize) {
    let enough = AtomicBool::new(false);
    let [mut lines, mut panics] = [0; 2];
    let noise = AtomicUsize::new(0);
    let crowd: [&(dyn Fn(usize) + Sync); 4] = [
        &|_| (),
        &|round| {
            println!("noise {round}");
            noise.fetch_add(1, Ordering::Relaxed);
        },
        &|round| eprintln!("noise {round}"),
        &|round| {
            catch_unwind(|| panic!("noise {round}")).unwrap_err();
        },
    ];
    std::thread::scope(|scope| {
        for one in crowd {
            let enough = &enough;
            scope.spawn(move || {
                let mut round = 0;
                while !enough.load(Ordering::Relaxed) {
                    (0..5).for_each(|n| assert_eq!(allocate(round + n) % 2, 0));
                    one(round);
                    round += 1;
                }
            });
        }
        let context = two_processes();
        for map in 0..maps {
            let mut out = busy::alloc(&context, 0..4_usize, map).unwrap();
            match busy::run_into(&context, 0..4_usize, map, &mut out) {
                Ok(()) => assert!(out.result.iter().all(|&len| len == 690)),
                Err(error) => match at_item(&error) {
                    (2, Cause::Panic { message, .. }) if map % 10 == 7 => {
                        assert_eq!(message, "as told");
                        panics += 1;
                    }
                    _ => panic!("map {map}: {error}"),
                },
            }
            lines += out.printed.iter().filter(|&&printed| printed).count();
        }
        enough.store(true, Ordering::Relaxed);
    });
    assert!(children().is_empty());
    println!(
        "{maps} maps, {panics} panics, {lines} lines of kernels, {} others",
        noise.into_inner()
    );
}

/// Kernels that start threads, which print.
pub(super) fn threads_in_kernels() {
    for _ in 0..20 {
        let sums = pasha::map_in(&two_processes(), 0..4_u64, |_, _, n| {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..3)
                    .map(|thread| {
                        scope.spawn(move || {
                            println!("kernel {n} {thread}");
                            n + thread
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
            })
        })
        .unwrap();
        assert_eq!(sums, ndarray::array![3, 6, 9, 12]);
    }
    // One that is still there when its worker ends does not keep it.
    pasha::map_in(&two_processes(), 0..2_u8, |_, _, _| {
        std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        });
    })
    .unwrap();
    // A panic there is the kernel's, if it joins the thread.
    let told = told(pasha::map_in(&two_processes(), 0..1_u8, |_, _, _| {
        std::thread::scope(|scope| scope.spawn(|| std::panic::panic_any(1)).join().unwrap());
    }));
    println!("{told}");
    assert!(children().is_empty());
}

/// Maps from several threads of the program at once, each in processes of its own.
pub(super) fn maps_at_once() {
    const THREADS: usize = 4;
    let ends = ["nothing", "panic", "exit-3", "kill", "error"];
    let expected: Vec<String> = ends
        .iter()
        .map(|end| told(misbehave::run_in(&two_processes(), 0..100_usize, end)))
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let expected = &expected;
            scope.spawn(move || {
                let context = two_processes().on_failure(OnFailure::Abort);
                for round in 0..50 {
                    let offset = (thread * 1000 + round) as u64;
                    let out = double::run_in(&context, offset..offset + 100).unwrap();
                    assert_eq!(out.sum(), 9900 + 200 * offset);
                    let end = (thread + round) % ends.len();
                    let told = told(misbehave::run_in(&context, 0..100_usize, ends[end]));
                    assert_eq!(told, expected[end]);
                }
            });
        }
    });
    assert!(children().is_empty());
    for expected in expected {
        println!("{expected}");
    }
}

thread_local! {
    static WITH_DESTRUCTOR: Vec<u8> = vec![1; 10];
}

/// Threads that begin and end all the time, and kernels that begin to use what needs a destructor.
pub(super) fn short_threads(maps: usize) {
    let use_it = || WITH_DESTRUCTOR.with(|value| assert_eq!(value.len(), 10));
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    std::thread::spawn(use_it).join().unwrap();
                }
            });
        }
        for _ in 0..maps {
            pasha::map_in(&two_processes(), 0..4_u8, |_, _, _| use_it()).unwrap();
        }
        enough.store(true, Ordering::Relaxed);
    });
    assert!(children().is_empty());
}

/// Panics in threads of kernels, while threads of the program panic, too: a panic is printed under
/// locks that the program can't take.
pub(super) fn panicking_threads(maps: usize) {
    let nowhere = std::fs::File::create("/dev/null").unwrap();
    // SAFETY: nobody else changes open files meanwhile.
    assert_eq!(unsafe { nix::libc::dup2(nowhere.as_raw_fd(), 2) }, 2);
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    catch_unwind(|| panic!("of a thread of the program")).unwrap_err();
                }
            });
        }
        for _ in 0..maps {
            pasha::map_in(&two_processes(), 0..4_u8, |_, _, _| {
                let thread = std::thread::spawn(|| panic!("of a thread of a kernel"));
                thread.join().unwrap_err();
            })
            .unwrap();
        }
        enough.store(true, Ordering::Relaxed);
    });
    assert!(children().is_empty());
}
