//! Workers that wait for what can't come any more.
//!
//! A forked process has one thread, that which forked it, and those that the kernel starts. If each
//! of them waits without a limit of time at a futex that is private to the process (a lock that
//! another thread of the program held, a thread pool or a runtime of the program, a channel to one
//! of its threads) or for the end of another that does, then nobody is there to wake any. Linux
//! tells what a thread waits for in `/proc/<pid>/task/<tid>/syscall` (proc_pid_syscall(5)); where
//! that can't be read, nothing is found.

use std::collections::BTreeMap;
use std::fs;

use nix::libc;
use rustix::process::Pid;

/// Bits of a futex operation of linux/futex.h that do not say what it does.
const OPTIONS: u64 = (libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME) as u64;
/// Operations that wait.
const WAITS: [u64; 3] =
    [libc::FUTEX_WAIT as u64, libc::FUTEX_WAIT_BITSET as u64, libc::FUTEX_LOCK_PI as u64];

/// What a process waits for, if nobody can wake it: the same text as long as it is the same wait.
///
/// A process may be seen a moment before such a call returns at once, so that only what is seen
/// twice is certain.
pub(super) fn endless_wait(process: Pid) -> Option<String> {
    let mut calls = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())).ok()? {
        let task = task.ok()?;
        let thread: u64 = task.file_name().to_str()?.parse().ok()?;
        calls.insert(thread, fs::read_to_string(task.path().join("syscall")).ok()?);
    }
    let ends = |call| is_endless_wait(call, |thread| calls.contains_key(&thread));
    let waits = !calls.is_empty() && calls.values().all(|call| ends(call));
    waits.then(|| calls.into_values().collect())
}

/// Whether this is a wait without a limit of time at a futex that is private to its process, or for
/// the end of one of its threads. The text has the number of the system call and its arguments.
fn is_endless_wait(call: &str, is_thread: impl Fn(u64) -> bool) -> bool {
    let mut words = call.split_ascii_whitespace();
    let number = words.next().and_then(|number| number.parse().ok());
    let mut arguments =
        words.map_while(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    let mut next = || arguments.next();
    let (Some(_place), Some(operation), Some(value), Some(limit)) =
        (next(), next(), next(), next())
    else {
        return false;
    };
    // Who waits for the end of a thread waits until its number is no longer in memory, which the
    // kernel clears for any process.
    let is_private = operation & libc::FUTEX_PRIVATE_FLAG as u64 != 0 || is_thread(value);
    number == Some(libc::SYS_futex)
        && is_private
        && WAITS.contains(&(operation & !OPTIONS))
        && limit == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_waits_at_private_futexes_are_told_from_all_others() {
        let futex = libc::SYS_futex;
        let is_thread = |number| number == 0x4d2;
        let is_endless_wait = |call: &str| super::is_endless_wait(call, is_thread);
        let is_endless = |rest: &str| is_endless_wait(&format!("{futex} 0x7f00 {rest}"));
        assert!(is_endless("0x80 0x2 0x0 0x0 0x0 0x7ffc 0x7f01"));
        assert!(is_endless("0x189 0x2 0x0 0x0 0xffffffff 0x7ffc 0x7f01"));
        // For the end of a thread of the process.
        assert!(is_endless("0x109 0x4d2 0x0 0x0 0xffffffff 0x7ffc 0x7f01"));
        assert!(!is_endless("0x109 0x4d3 0x0 0x0 0xffffffff 0x7ffc 0x7f01"));
        // With a limit of time, shared with other processes, or one that wakes.
        assert!(!is_endless("0x80 0x2 0x7ffd 0x0 0x0 0x7ffc 0x7f01"));
        assert!(!is_endless("0x0 0x2 0x0 0x0 0x0 0x7ffc 0x7f01"));
        assert!(!is_endless("0x81 0x2 0x0 0x0 0x0 0x7ffc 0x7f01"));
        assert!(!is_endless_wait("running\n"));
        assert!(!is_endless_wait("-1 0x7ffc 0x7f01"));
        assert!(!is_endless_wait("35 0x1 0x80 0x0 0x0 0x0 0x0 0x7ffc 0x7f01"));
    }
}
