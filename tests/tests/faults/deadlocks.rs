//! Kernels that wait for what can't come: in forked workers for threads of the program, on threads
//! for the map that they are part of.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use pasha::prelude::*;
use pasha::{AfterRetries, Cause};
use pasha_tests::item_failure;

fn two() -> ProcessContext {
    ProcessContext::new(2).unwrap()
}

/// Waits at item 7.
fn check_that_a_wait_is_told(wait: impl Fn() + Sync) {
    let error = pasha::map_in(&two(), 0..10_u64, |_, _, n| {
        if n == 7 {
            wait();
        }
        n
    })
    .unwrap_err();
    let failure = item_failure(&error);
    assert!(matches!(failure.cause(), Cause::Deadlock), "{error}");
    assert_eq!((failure.index(), failure.attempts()), (7, 1));
    let text = error.to_string();
    assert!(text.contains("at index 7: it waits for a lock or a thread of the program"), "{text}");
    assert!(text.contains("`ThreadContext`") && text.contains("`#[scratch]`"), "{text}");
}

#[test]
fn a_pool_of_the_program_is_told_instead_of_waited_for() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| ());
    check_that_a_wait_is_told(|| pool.install(|| ()));
}

#[test]
fn a_lock_that_another_thread_held_is_told_instead_of_waited_for() {
    let lock = Mutex::new(());
    let (locked, is_locked) = mpsc::channel();
    let (done, is_done) = mpsc::channel();
    std::thread::scope(|scope| {
        let lock = &lock;
        scope.spawn(move || {
            let _held = lock.lock().unwrap();
            locked.send(()).unwrap();
            is_done.recv().unwrap();
        });
        is_locked.recv().unwrap();
        check_that_a_wait_is_told(|| drop(lock.lock()));
        done.send(()).unwrap();
    });
}

#[test]
fn a_lock_is_told_where_threads_of_the_kernel_wait_for_it_and_for_each_other() {
    let lock: &'static Mutex<()> = Box::leak(Box::default());
    let _held = lock.lock().unwrap();
    check_that_a_wait_is_told(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| drop(lock.lock()));
        });
    });
    // The C library waits for the end of the thread.
    check_that_a_wait_is_told(|| std::thread::spawn(|| drop(lock.lock())).join().unwrap());
}

#[test]
fn a_thread_of_the_program_is_told_instead_of_waited_for() {
    let (question, questions) = mpsc::channel::<u64>();
    let (answer, answers) = mpsc::channel::<u64>();
    let server = std::thread::spawn(move || {
        questions.iter().try_for_each(|n| answer.send(n + 1)).unwrap();
    });
    let line = Mutex::new((question, answers));
    check_that_a_wait_is_told(|| {
        let line = line.lock().unwrap();
        line.0.send(1).unwrap();
        line.1.recv().unwrap();
    });
    drop(line);
    server.join().unwrap();
}

#[test]
fn items_that_wait_for_ever_are_left_out_or_tried_again_as_others() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| ());
    let then = AfterRetries::Skip { at_most: 1 };
    let context = two().on_failure(OnFailure::Retry { times: 1, then });
    let (out, report) = pasha::map_report_in(&context, 0..20_u64, |_, _, n| {
        if n == 3 {
            pool.install(|| ());
        }
        n + 1
    })
    .unwrap();
    assert_eq!(out.sum(), 210 - 4);
    assert_eq!((report.failed.len(), report.failed[0].index, report.retried), (1, 3, 1));
    let failure = item_failure(&report.failed[0].cause);
    assert!(matches!(failure.cause(), Cause::Deadlock) && failure.attempts() == 2);
}

/// What is slow, sleeps, or waits for threads of its own is no deadlock.
#[test]
fn kernels_that_wait_for_what_will_come_are_left_alone() {
    let out = pasha::map_in(&two(), 0..4_u64, |_, _, n| {
        let (send, receive) = mpsc::channel();
        let slow = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1500));
            send.send(n).unwrap();
        });
        let received: u64 = receive.recv().unwrap();
        slow.join().unwrap();
        // With a limit of time.
        let (_keep, never) = mpsc::channel::<()>();
        assert!(never.recv_timeout(Duration::from_millis(1500)).is_err());
        received
    })
    .unwrap();
    assert_eq!(out.sum(), 6);
}

/// A kernel whose threads map in the context that runs it: all threads of the pool wait for them.
#[test]
fn threads_that_a_kernel_starts_may_map_in_the_same_context() {
    for workers in 1..=3 {
        for context in [
            ThreadContext::new(workers).unwrap(),
            ThreadContext::new(workers).unwrap().static_split(),
        ] {
            let out = pasha::map_in(&context, 0..6_u64, |_, _, n| {
                std::thread::scope(|scope| {
                    let inner = || pasha::map_in(&context, 0..=n, |_, _, m| m).unwrap().sum();
                    scope.spawn(inner).join().unwrap()
                })
            })
            .unwrap();
            assert_eq!(out, ndarray::array![0, 1, 3, 6, 10, 15]);
        }
    }
}
