//! Workers that wait for what can't come any more.
//!
//! A forked process has one thread, that which forked it. If this thread waits without a limit of
//! time at a futex that is private to the process (a lock that another thread of the program held,
//! a thread pool or a runtime of the program, a channel to one of its threads), then nobody is
//! there to wake it. Linux tells what a process waits for in `/proc/<pid>/syscall`
//! (proc_pid_syscall(5)); where that can't be read, nothing is found.

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
    let folder = format!("/proc/{}", process.as_raw_nonzero());
    let call = fs::read_to_string(format!("{folder}/syscall")).ok()?;
    let waits = is_endless_private_wait(&call);
    (waits && fs::read_dir(format!("{folder}/task")).ok()?.count() == 1).then_some(call)
}

/// Whether this is a wait without a limit of time at a futex that is private to its process. The
/// text has the number of the system call and its arguments.
fn is_endless_private_wait(call: &str) -> bool {
    let mut words = call.split_ascii_whitespace();
    let number = words.next().and_then(|number| number.parse().ok());
    let mut arguments =
        words.map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    let (Some(_), Some(Some(operation)), Some(_), Some(Some(limit))) =
        (arguments.next(), arguments.next(), arguments.next(), arguments.next())
    else {
        return false;
    };
    number == Some(libc::SYS_futex)
        && operation & libc::FUTEX_PRIVATE_FLAG as u64 != 0
        && WAITS.contains(&(operation & !OPTIONS))
        && limit == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_waits_at_private_futexes_are_told_from_all_others() {
        let futex = libc::SYS_futex;
        let is_endless = |rest: &str| is_endless_private_wait(&format!("{futex} 0x7f00 {rest}"));
        assert!(is_endless("0x80 0x2 0x0 0x0 0x0 0x7ffc 0x7f01"));
        assert!(is_endless("0x189 0x2 0x0 0x0 0xffffffff 0x7ffc 0x7f01"));
        // With a limit of time, shared with other processes, or one that wakes.
        assert!(!is_endless("0x80 0x2 0x7ffd 0x0 0x0 0x7ffc 0x7f01"));
        assert!(!is_endless("0x0 0x2 0x0 0x0 0x0 0x7ffc 0x7f01"));
        assert!(!is_endless("0x81 0x2 0x0 0x0 0x0 0x7ffc 0x7f01"));
        assert!(!is_endless_private_wait("running\n"));
        assert!(!is_endless_private_wait("-1 0x7ffc 0x7f01"));
        assert!(!is_endless_private_wait("35 0x1 0x80 0x0 0x0 0x0 0x0 0x7ffc 0x7f01"));
    }
}
