//! Maps that are ended from outside.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use pasha::{AfterRetries, CancelToken, Error, OnFailure};
use pasha_tests::children;
use rustix::process::{Pid, getpid, getppid};

use super::{check_next_map, double, eventually, shared_counters, two_processes};

/// Runs a case in a thread of that kind.
pub(super) fn on(thread: &str, case: fn()) {
    match thread {
        "main" => case(),
        "thread" => std::thread::spawn(case).join().unwrap(),
        "pool" => rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap().install(case),
        other => panic!("unknown kind of thread {other}"),
    }
}

/// A map that never ends; its workers say who they are.
pub(super) fn endless() {
    pasha::map_in(&two_processes(), 0..2_u8, |_, _, _| {
        println!("worker {}", std::process::id());
        loop {
            nix::unistd::pause();
        }
    })
    .map(|_: pasha::SharedArray<(), _>| ())
    .unwrap();
}

/// The program ends while one of its threads maps.
pub(super) fn returns_while_a_thread_maps() {
    let [started] = shared_counters();
    std::thread::spawn(|| {
        pasha::map_in(&two_processes(), 0..2_u8, |_, _, _| {
            println!("worker {}", std::process::id());
            started.fetch_add(1, Ordering::Relaxed);
            loop {
                nix::unistd::pause();
            }
        })
        .map(|_: pasha::SharedArray<(), _>| ())
    });
    eventually("both workers have started", || started.load(Ordering::Relaxed) == 2);
}

/// Stays for ever where the parent is gone, so that a worker that outlives it is noticed.
fn stay_if_orphaned(parent: Pid) {
    while getppid() != Some(parent) {
        std::thread::park();
    }
}

/// Forks all the time: short maps without end.
pub(super) fn forks() {
    println!("begins");
    let parent = getpid();
    loop {
        pasha::map_in(&two_processes(), 0..2_u8, |_, _, _| stay_if_orphaned(parent)).unwrap();
    }
}

/// Forks all the time: workers that die and are replaced without end.
pub(super) fn replacements() {
    println!("begins");
    let parent = getpid();
    let policy = OnFailure::Retry { times: usize::MAX, then: AfterRetries::Abort };
    let context = two_processes().on_failure(policy);
    let _ = pasha::map_in(&context, 0..4_u8, |_, index, _| {
        stay_if_orphaned(parent);
        if index < 4 {
            // SAFETY: it ends the process, and runs nothing.
            unsafe { libc::_exit(1) };
        }
    });
}

/// Takes a millisecond.
#[pasha::kernel]
fn slowly(value: u64, #[output] done: &mut bool) -> u64 {
    let until = Instant::now() + Duration::from_millis(1);
    while Instant::now() < until {}
    *done = true;
    value
}

static TOKEN: OnceLock<CancelToken> = OnceLock::new();

extern "C" fn cancel(_signal: libc::c_int) {
    if let Some(token) = TOKEN.get() {
        token.cancel();
    }
}

/// A program that handles SIGINT itself: it stops its map, keeps what it has, and goes on.
pub(super) fn cancels() {
    let token = TOKEN.get_or_init(CancelToken::new);
    let handler = SigHandler::Handler(cancel);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: a token may be cancelled by a handler.
    unsafe { sigaction(Signal::SIGINT, &action) }.unwrap();
    let context = two_processes()
        .cancel_token(token)
        .on_worker_start(|_| println!("worker {}", std::process::id()));
    let items = 0..20_000_u64;
    let mut out = slowly::alloc(&context, items.clone()).unwrap();
    match slowly::run_into(&context, items, &mut out) {
        Err(Error::Cancelled { finished, len: 20_000, .. }) => {
            assert!(finished < 20_000);
            assert_eq!(out.done.iter().filter(|&&done| done).count(), finished);
        }
        other => panic!("{other:?}"),
    }
    for (index, (&done, &result)) in out.done.iter().zip(&out.result).enumerate() {
        assert_eq!(result, if done { index as u64 } else { 0 });
    }
    assert!(children().is_empty());
    // The token stays as it is, and other maps go on.
    let again = double::run_in(&context, 0..100_u64).unwrap_err();
    assert!(matches!(again, Error::Cancelled { finished: 0, len: 100, .. }), "{again}");
    check_next_map();
    println!("cancelled");
}

/// A map that is stopped and continued, as with Ctrl-Z and `fg`.
pub(super) fn stopped() {
    let context = two_processes().on_worker_start(|_| println!("worker {}", std::process::id()));
    let out = slowly::run_in(&context, 0..500_u64).unwrap();
    println!("sum {}", out.result.sum());
}
