//! What the tests share: running one test in every context, and finding reference data.

pub mod damage;
pub mod jobs;
pub mod mappings;
pub mod ranks;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

use pasha::{Cause, Error, ItemFailure};

/// Makes one test for each built-in context out of a function that takes a context, and for groups
/// of one, two and three ranks.
///
/// The contexts can't drift apart: what holds in one is tested in all.
#[macro_export]
macro_rules! for_each_context {
    ($($functions:tt)*) => {
        $crate::checks_in! {
            [contexts_of_one_process ranks_of_several_kinds ranks_of_one_kind]
            $($functions)*
        }
    };
}

/// As [`for_each_context!`], with one group of ranks: for sources of which a rank knows nothing,
/// and which take long to read.
#[macro_export]
macro_rules! for_each_context_of_files {
    ($($functions:tt)*) => {
        $crate::checks_in! { [contexts_of_one_process ranks_of_several_kinds] $($functions)* }
    };
}

/// Makes a module of each function, with the tests that these macros make of it.
#[doc(hidden)]
#[macro_export]
macro_rules! checks_in {
    ($tests:tt $(
        $(#[$attr:meta])* fn $name:ident($context:ident: &dyn $Context:ident) $body:block
    )+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$attr])*
            fn check($context: &dyn $Context) $body

            $crate::tests_of! { $tests check }
        }
    )+};
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests_of {
    ([$($tests:ident)+] $check:ident) => {$(
        $crate::$tests! { $check }
    )+};
}

/// Tests of a check on ranks that are all alike.
#[doc(hidden)]
#[macro_export]
macro_rules! ranks_of_one_kind {
    ($check:ident) => {
        #[test]
        fn one_rank() {
            if $crate::ranks::ran_alone(&|| ()) {
                return;
            }
            let local = |_| -> ::pasha::AnyContext { Box::new(::pasha::SerialContext::new()) };
            $crate::ranks::on_ranks(1, local, |context| $check(&context));
        }

        #[test]
        fn two_ranks() {
            if $crate::ranks::ran_alone(&|| ()) {
                return;
            }
            let local = |_| -> ::pasha::AnyContext { Box::new(::pasha::SerialContext::new()) };
            $crate::ranks::on_ranks(2, local, |context| $check(&context));
        }

        #[test]
        fn two_ranks_statically_split() {
            if $crate::ranks::ran_alone(&|| ()) {
                return;
            }
            let local = |_| -> ::pasha::AnyContext {
                Box::new(::pasha::ProcessContext::new(2).unwrap().static_split())
            };
            $crate::ranks::on_ranks(2, local, |context| $check(&context));
        }
    };
}

/// Tests of a check in each context of one process.
#[doc(hidden)]
#[macro_export]
macro_rules! contexts_of_one_process {
    ($check:ident) => {
        #[test]
        fn serial() {
            $check(&::pasha::SerialContext::new());
        }

        #[test]
        fn threads() {
            $check(&::pasha::ThreadContext::new(3).unwrap());
        }

        #[test]
        fn processes() {
            $check(&::pasha::ProcessContext::new(3).unwrap());
        }

        #[test]
        fn processes_statically_split() {
            $check(&::pasha::ProcessContext::new(2).unwrap().static_split());
        }
    };
}

/// A test of a check on ranks of several kinds.
#[doc(hidden)]
#[macro_export]
macro_rules! ranks_of_several_kinds {
    ($check:ident) => {
        #[test]
        fn three_ranks_of_threads_and_processes() {
            if $crate::ranks::ran_alone(&|| ()) {
                return;
            }
            let local = |rank| -> ::pasha::AnyContext {
                match rank {
                    1 => Box::new(::pasha::ProcessContext::new(2).unwrap()),
                    _ => Box::new(::pasha::ThreadContext::new(2).unwrap()),
                }
            };
            $crate::ranks::on_ranks(3, local, |context| $check(&context));
        }
    };
}

/// What an error says of the item that failed.
///
/// # Panics
/// Panics with the error's text if it is not one of an item.
#[track_caller]
pub fn item_failure(error: &Error) -> &ItemFailure {
    match error {
        Error::Item(failure) => failure,
        other => panic!("no error of an item: {other}"),
    }
}

/// The index of the item that failed, and why it did.
///
/// # Panics
/// Panics with the error's text if it is not one of an item.
#[track_caller]
pub fn at_item(error: &Error) -> (usize, &Cause) {
    let failure = item_failure(error);
    (failure.index(), failure.cause())
}

/// The folder of reference data, or `None` (with a printed word) where it is not to be had.
pub fn reference_data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: the reference data {} is not here", path.display());
    None
}

/// Runs a Python program with NumPy and returns what it prints, or `None` (with a printed word)
/// where there is no NumPy.
///
/// # Panics
/// Panics if the program fails.
pub fn numpy(program: &str) -> Option<String> {
    static HAS_NUMPY: LazyLock<bool> = LazyLock::new(|| {
        let probe = Command::new("python3").args(["-c", "import numpy"]).output();
        probe.is_ok_and(|output| output.status.success())
    });
    if !*HAS_NUMPY {
        println!("skipped: there is no Python with NumPy here");
        return None;
    }
    let output = Command::new("python3").args(["-c", program]).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("Python prints UTF-8").trim().to_owned())
}

/// The text of a finished program's standard output.
///
/// # Panics
/// Panics if the program failed, with what it said.
pub fn stdout_of(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The processes whose parent is this one, zombies included, from `/proc`.
pub fn children() -> Vec<u32> {
    let own = std::process::id().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            // The parent's number is the second field behind the name, which may hold anything.
            std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                let fields = stat.rsplit(')').next().unwrap_or_default();
                fields.split_whitespace().nth(1) == Some(own.as_str())
            })
        })
        .collect()
}

/// The numbers of open files and of mappings of this process, from `/proc`.
pub fn open_files_and_mappings() -> (usize, usize) {
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let maps = std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count());
    (files, maps)
}

/// Counters that lie in memory of their own, shared with every process that is forked later, for
/// as long as the program runs: forked workers can't write pasha's memory but their outputs.
///
/// # Panics
/// Panics if the memory can't be had.
pub fn shared_counters(len: usize) -> &'static [AtomicU64] {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    let bytes = (len * size_of::<AtomicU64>()).max(1);
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping of zeros, which are valid atomics, that is never taken away.
    unsafe {
        let start = mmap_anonymous(std::ptr::null_mut(), bytes, protection, MapFlags::SHARED)
            .expect("a small mapping");
        std::slice::from_raw_parts(start.cast::<AtomicU64>(), len)
    }
}

/// Nanoseconds on a clock that all processes share.
pub fn nanoseconds() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Has a program begin with the default actions of signals, whatever those who started the tests
/// ignore (`nohup` does, and shells for what they run in the background).
pub fn with_default_signals(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec only `signal` is called, which is allowed there, with an
    // action that runs no code.
    unsafe {
        command.pre_exec(|| {
            use nix::libc::{SIG_DFL, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, signal};
            for number in [SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
                signal(number, SIG_DFL);
            }
            Ok(())
        })
    }
}

/// Runs one of this package's programs, and ends it with what it said if it takes longer than three
/// minutes: under AddressSanitizer, on a busy machine, the longest of them takes one.
///
/// # Panics
/// Panics if it hangs, or can't be started.
pub fn run_guarded(program: &str, arguments: &[&str]) -> Output {
    use std::process::Stdio;
    let mut command = Command::new(program);
    let mut child = with_default_signals(&mut command)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let pid = rustix::process::Pid::from_child(&child);
    let guard = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
        .expect("a child has a pidfd");
    let watcher = std::thread::spawn(move || {
        let limit = rustix::event::Timespec { tv_sec: 480, tv_nsec: 0 };
        let mut fds = [rustix::event::PollFd::new(&guard, rustix::event::PollFlags::IN)];
        let ended = rustix::event::poll(&mut fds, Some(&limit)) == Ok(1);
        if !ended {
            let _ = rustix::process::pidfd_send_signal(&guard, rustix::process::Signal::KILL);
        }
        ended
    });
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("the program can be waited for");
    assert!(
        watcher.join().expect("the watcher ends"),
        "{program} {arguments:?} hung\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
