//! A program with the habits that a library has to live with: it ignores its children, handles
//! signals, prints, panics, has threads, exit handlers and limits.
//!
//! Usage: `neighbour CASE [ARGUMENT …]`; see `run`. It prints what its test compares, and panics
//! where something did not hold.

mod cancelling;
mod crowd;
mod files;
mod hooks;
mod hungry;
mod leaving;
mod limits;
mod many;
mod printing;
mod reaping;
mod signals;

use std::ptr;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use pasha::{Cause, Error, ProcessContext};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// Doubles.
#[pasha::kernel]
fn double(value: u64) -> u64 {
    2 * value
}

/// Does at index 50 what it is told.
#[pasha::kernel]
fn misbehave(value: usize, #[shared] how: &str) -> Result<usize, String> {
    if value == 50 {
        do_as_told(how)?;
    }
    Ok(value)
}

/// Ends this process or this call in one of many ways.
fn do_as_told(how: &str) -> Result<(), String> {
    match how {
        "nothing" => Ok(()),
        "error" => Err("as told".to_owned()),
        "panic" => panic!("as told"),
        "abort" => std::process::abort(),
        "caught-then-abort" => {
            std::panic::catch_unwind(|| panic!("caught")).unwrap_err();
            std::process::abort()
        }
        "exit-0" => std::process::exit(0),
        "exit-3" => std::process::exit(3),
        // SAFETY: no thread of this process runs exit handlers at the same time.
        "c-exit-4" => unsafe { nix::libc::exit(4) },
        "segv" => die_by(rustix::process::Signal::SEGV),
        "kill" => die_by(rustix::process::Signal::KILL),
        "usr1" => die_by(rustix::process::Signal::USR1),
        other => panic!("unknown way to end: {other}"),
    }
}

fn die_by(signal: rustix::process::Signal) -> ! {
    // Again and again: the standard library's own handler of SIGSEGV takes the first for a
    // mistake and uninstalls itself.
    loop {
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
}

/// What a map came to, in words without numbers that differ between runs.
fn told<T>(result: Result<T, Error>) -> String {
    let failure = match result {
        Ok(_) => return "no error".to_owned(),
        Err(Error::Item(failure)) => failure,
        Err(other) => return format!("other: {other}"),
    };
    let index = failure.index();
    match failure.cause() {
        Cause::Died { signal, status, .. } => {
            format!("died at {index}, signal {signal:?}, status {status:?}")
        }
        Cause::Panic { message, location, .. } => {
            format!("panic at {index}, {message:?}, located {}", location.is_some())
        }
        Cause::Refused { message, .. } => format!("error at {index}, {message:?}"),
        _ => format!("other: {failure}"),
    }
}

fn two_processes() -> ProcessContext {
    ProcessContext::new(2).unwrap()
}

/// A map that works, to see that the program goes on.
fn check_next_map() {
    let out = double::run_in(&two_processes(), 0..100_u64).unwrap();
    assert_eq!(out.sum(), 9900);
}

/// Waits until something holds, which it does at once or a moment later; not for ever.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never came true: {what}");
        std::thread::yield_now();
    }
}

/// Memory that this process shares with those that it forks later: counters, all zero.
fn shared_counters<const N: usize>() -> &'static [AtomicU64; N] {
    let len = size_of::<[AtomicU64; N]>();
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: the kernel picks pages that nothing else uses; they are zero, which atomics may be,
    // and are never unmapped.
    unsafe {
        let start = mmap_anonymous(ptr::null_mut(), len, access, MapFlags::SHARED).unwrap();
        &*start.cast::<[AtomicU64; N]>()
    }
}

fn run(arguments: &[&str]) {
    match *arguments {
        ["reaped", how] => reaping::reaped(how),
        ["commands", how] => reaping::commands(how),
        ["printed", how] => printing::printed(how),
        ["printed-by-kernels"] => printing::printed_by_kernels(),
        ["printed-under-a-lock"] => printing::printed_under_a_lock(),
        ["printed-under-both-locks"] => printing::printed_under_both_locks(),
        ["leaving", how] => leaving::leaving(how),
        ["unwritten", path] => leaving::unwritten(path),
        ["hook-before"] => hooks::set_before(),
        ["caught-before-death"] => hooks::caught_before_death(),
        ["hook-after"] => hooks::set_after(),
        ["hook-after-handing-on"] => hooks::set_after_and_handing_on(),
        ["files", path] => files::stay_open(path),
        ["closed-stdin"] => files::closed_stdin(),
        ["closed-streams", folder] => files::closed_streams(folder),
        ["crowd", maps] => crowd::crowd(maps.parse().unwrap()),
        ["short-threads", maps] => crowd::short_threads(maps.parse().unwrap()),
        ["panicking-threads", maps] => crowd::panicking_threads(maps.parse().unwrap()),
        ["threads-in-kernels"] => crowd::threads_in_kernels(),
        ["maps-at-once"] => crowd::maps_at_once(),
        ["handlers"] => signals::handlers(),
        ["asked-to-end"] => signals::asked_to_end(),
        ["storm"] => signals::storm(),
        ["masks"] => signals::masks(),
        ["endless", thread] => cancelling::on(thread, cancelling::endless),
        ["returns"] => cancelling::returns_while_a_thread_maps(),
        ["forks"] => cancelling::forks(),
        ["replacements"] => cancelling::replacements(),
        ["cancels", thread] => cancelling::on(thread, cancelling::cancels),
        ["stopped"] => cancelling::stopped(),
        ["no-fork", allowed] => limits::no_fork(allowed.parse().unwrap()),
        ["no-replacement"] => limits::no_replacement(),
        ["no-thread"] => limits::no_thread(),
        ["no-memory"] => limits::no_memory(),
        ["disk-full", folder] => limits::disk_full(folder),
        ["file-size", folder] => limits::file_size(folder),
        ["no-files", folder] => limits::no_files(folder),
        ["out-of-memory"] => hungry::out_of_memory(),
        ["many", context, maps] => many::many(context, maps.parse().unwrap()),
        _ => panic!("unknown case {arguments:?}"),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(&arguments);
}
