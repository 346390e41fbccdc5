//! Cancels at any moment, on a machine that has more to do than it can.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pasha::prelude::*;
use pasha::{CancelToken, Error};
use pasha_tests::shared_counters;

/// Keeps all processors busy until it is dropped.
struct Load {
    ends: &'static AtomicBool,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn of(threads: usize) -> Load {
        let ends: &'static AtomicBool = Box::leak(Box::default());
        let spin = move || {
            while !ends.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        Load { ends, threads: (0..threads).map(|_| std::thread::spawn(spin)).collect() }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// A map without end, 1,000 times cancelled at some moment of its first milliseconds. One whose
/// cancel is not heard ends by its deadline, with another error.
fn check_that_cancels_are_heard<C: Context>(make: impl Fn(&CancelToken) -> C) {
    let _load = Load::of(4);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..1000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let spins = random % 300_000;
        let token = CancelToken::new();
        let context = make(&token);
        let ended: pasha::Result<()> = std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..spins {
                    std::hint::black_box(());
                }
                token.cancel();
            });
            endless::run_in(&context, 0..usize::MAX >> 8)
        });
        let is_cancelled = matches!(ended, Err(Error::Cancelled { .. }));
        assert!(is_cancelled, "round {round}, cancelled after {spins} spins: {ended:?}");
    }
}

/// Takes some microseconds.
#[pasha::kernel]
fn endless(_value: usize) {
    for _ in 0..10_000 {
        std::hint::black_box(());
    }
}

const LOST: Duration = Duration::from_secs(60);

#[test]
fn no_cancel_of_a_thousand_is_lost_in_a_serial_context() {
    check_that_cancels_are_heard(|token| SerialContext::new().cancel_token(token).deadline(LOST));
}

#[test]
fn no_cancel_of_a_thousand_is_lost_on_threads() {
    let threads = ThreadContext::new(2).unwrap();
    check_that_cancels_are_heard(|token| threads.clone().cancel_token(token).deadline(LOST));
}

#[test]
fn no_cancel_of_a_thousand_is_lost_in_processes() {
    let processes = ProcessContext::new(2).unwrap();
    check_that_cancels_are_heard(|token| processes.clone().cancel_token(token).deadline(LOST));
}

/// Cancels while the only worker, its items done, is in its last hook.
fn check_that_finished_maps_are_finished<C: Context>(
    make: impl FnOnce(&CancelToken, &'static [AtomicU64]) -> C,
) {
    let token = CancelToken::new();
    let told = shared_counters(2);
    let context = make(&token, told);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while told[0].load(Ordering::SeqCst) == 0 {
                std::hint::spin_loop();
            }
            token.cancel();
            told[1].store(1, Ordering::SeqCst);
        });
        let out = pasha::map_in(&context, 0..100_u64, |_, _, n| n).unwrap();
        assert_eq!(out.sum(), 4950);
    });
    assert!(token.is_cancelled());
}

fn wait_for_the_cancel(told: &[AtomicU64]) {
    told[0].store(1, Ordering::SeqCst);
    while told[1].load(Ordering::SeqCst) == 0 {
        std::hint::spin_loop();
    }
}

#[test]
fn a_map_that_was_finished_when_the_cancel_came_is_finished() {
    check_that_finished_maps_are_finished(|token, told| {
        let context = SerialContext::new().cancel_token(token);
        context.on_worker_end(|_| wait_for_the_cancel(told))
    });
    check_that_finished_maps_are_finished(|token, told| {
        let context = ThreadContext::new(1).unwrap().cancel_token(token);
        context.on_worker_end(|_| wait_for_the_cancel(told))
    });
    check_that_finished_maps_are_finished(|token, told| {
        let context = ProcessContext::new(1).unwrap().cancel_token(token);
        context.on_worker_end(|_| wait_for_the_cancel(told))
    });
}
