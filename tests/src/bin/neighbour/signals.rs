//! Signals of the program: its handlers run in the program alone, and its maps do not mind them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use pasha::prelude::*;

use super::{check_next_map, double, misbehave, shared_counters, told, two_processes};

/// Calls of handlers by the signal's number: in this process, and 64 further on in others.
static CALLS: OnceLock<&[AtomicU64; 128]> = OnceLock::new();
static PARENT: OnceLock<u32> = OnceLock::new();

extern "C" fn count(signal: libc::c_int) {
    let (Some(calls), Some(&parent)) = (CALLS.get(), PARENT.get()) else { return };
    let own = if std::process::id() == parent { 0 } else { 64 };
    calls[own + signal as usize].fetch_add(1, Ordering::Relaxed);
}

/// A handler of crashes, such as programs have that save their state.
extern "C" fn count_and_end(signal: libc::c_int) {
    count(signal);
    // SAFETY: it ends the process, and runs nothing.
    unsafe { libc::_exit(99) };
}

fn handle(signal: Signal, handler: SigHandler) {
    CALLS.get_or_init(shared_counters);
    PARENT.get_or_init(std::process::id);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handlers only add to atomics, ask for the process's number, and end it.
    unsafe { sigaction(signal, &action) }.unwrap();
}

/// How often the handler ran here, and in workers.
fn calls(signal: Signal) -> (u64, u64) {
    let of = |own: usize| CALLS.get().unwrap()[own + signal as usize].load(Ordering::Relaxed);
    (of(0), of(64))
}

const REQUESTS: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
const OTHERS: [Signal; 3] = [Signal::SIGUSR1, Signal::SIGALRM, Signal::SIGVTALRM];

/// Signals that a kernel raises in its own worker.
pub(super) fn handlers() {
    for signal in REQUESTS.into_iter().chain(OTHERS) {
        handle(signal, SigHandler::Handler(count));
    }
    handle(Signal::SIGFPE, SigHandler::Handler(count_and_end));
    handle(Signal::SIGUSR2, SigHandler::SigIgn);
    let raised = |signal: Signal| {
        told(pasha::map_in(&two_processes(), 0..10_u8, |_, index, _| {
            if index == 5 {
                raise(signal).unwrap();
            }
        }))
    };
    // What asks to end is the program's to answer, and what it ignores stays ignored.
    for signal in REQUESTS.into_iter().chain([Signal::SIGUSR2]) {
        assert_eq!(raised(signal), "no error", "{signal}");
    }
    for signal in OTHERS {
        let expected = format!("died at 5, signal Some({}), status None", signal as i32);
        assert_eq!(raised(signal), expected, "{signal}");
    }
    for signal in REQUESTS.into_iter().chain(OTHERS) {
        assert_eq!(calls(signal), (0, 0), "{signal}");
        raise(signal).unwrap();
        assert_eq!(calls(signal), (1, 0), "{signal}");
    }
    // Handlers of crashes stay.
    assert_eq!(raised(Signal::SIGFPE), "died at 5, signal None, status Some(99)");
    assert_eq!(calls(Signal::SIGFPE), (0, 1));
}

/// Signals to the whole process group, as from a terminal, in the middle of maps.
pub(super) fn asked_to_end() {
    for signal in REQUESTS {
        handle(signal, SigHandler::Handler(count));
        for _ in 0..50 {
            let sum = pasha::map_in(&two_processes(), 0..100_u64, |_, index, n| {
                if index % 40 == 10 {
                    nix::sys::signal::kill(nix::unistd::Pid::from_raw(0), signal).unwrap();
                }
                n
            })
            .unwrap()
            .sum();
            assert_eq!(sum, 4950);
        }
        let (own, others) = calls(signal);
        assert!((50..=150).contains(&own) && others == 0, "{signal} {own} {others}");
    }
}

fn set_timer(microseconds: i64) {
    let every = libc::timeval { tv_sec: 0, tv_usec: microseconds };
    let timer = libc::itimerval { it_interval: every, it_value: every };
    // SAFETY: the timer lives during the call, and the old one is not asked for.
    let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
    assert_eq!(set, 0);
}

/// A timer that interrupts system calls all the time, as profilers do.
pub(super) fn storm() {
    handle(Signal::SIGALRM, SigHandler::Handler(count));
    set_timer(200);
    let token = pasha::CancelToken::new();
    let context = two_processes().cancel_token(&token);
    let threads = ThreadContext::new(2).unwrap();
    for _ in 0..300 {
        assert_eq!(double::run_in(&context, 0..100_u64).unwrap().sum(), 9900);
        assert_eq!(double::run_in(&threads, 0..100_u64).unwrap().sum(), 9900);
        assert!(told(misbehave::run_in(&context, 0..100_usize, "kill")).contains("Some(9)"));
    }
    // The reservation of space is interrupted, too, and begins anew.
    let shared_memory = std::path::PathBuf::from("/dev/shm");
    let folder = if shared_memory.exists() { shared_memory } else { std::env::temp_dir() };
    let path = folder.join(format!("pasha-storm-{}.npy", std::process::id()));
    let built = context.alloc::<u8>(64 << 20).file(&path).build();
    let _ = std::fs::remove_file(&path);
    built.unwrap();
    set_timer(0);
    let (own, others) = calls(Signal::SIGALRM);
    assert!(own > 100 && others == 0, "{own} {others}");
}

/// The calling thread's blocked signals, as bits.
fn blocked() -> u64 {
    let set = SigSet::thread_get_mask().unwrap();
    set.iter().map(|signal| 1 << (signal as u64 - 1)).sum()
}

/// Signals that the program holds back.
pub(super) fn masks() {
    let in_kernels = || {
        let seen = pasha::map_in(&two_processes(), 0..4_u8, |_, _, _| blocked()).unwrap();
        assert!(seen.iter().all(|&seen| seen == blocked()), "{seen}");
        for end in ["kill", "panic", "error"] {
            let before = blocked();
            assert!(misbehave::run_in(&two_processes(), 0..100_usize, end).is_err());
            assert_eq!(blocked(), before, "{end}");
        }
    };
    assert_eq!(blocked(), 0);
    in_kernels();
    let mut held_back = SigSet::empty();
    for signal in [Signal::SIGUSR2, Signal::SIGWINCH, Signal::SIGCHLD, Signal::SIGINT] {
        held_back.add(signal);
        held_back.thread_block().unwrap();
        assert_ne!(blocked(), 0);
        in_kernels();
    }
    // Also from a pool of rayon's, where another thread forks.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(in_kernels);
    // What came while it was held back is still there.
    raise(Signal::SIGUSR2).unwrap();
    check_next_map();
    handle(Signal::SIGUSR2, SigHandler::Handler(count));
    held_back.thread_unblock().unwrap();
    assert_eq!(calls(Signal::SIGUSR2), (1, 0));
}
