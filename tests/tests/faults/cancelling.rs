//! Ends from outside: Ctrl-C, SIGTERM and SIGKILL of the program leave no worker, and a program
//! that handles Ctrl-C itself stops its map and goes on.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open,
    waitid,
};

use crate::neighbour::{Neighbour, Said};

/// Waits until a process has ended.
fn check_ended(pidfd: &OwnedFd) {
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
    assert_eq!(poll(&mut fds, Some(&patience)).unwrap(), 1, "a worker outlived its parent");
}

/// The next two lines, which name the workers.
fn workers(neighbour: &mut Neighbour) -> Vec<OwnedFd> {
    let worker = |_| {
        let line = neighbour.line().unwrap();
        let pid = line.strip_prefix("worker ").unwrap().parse().unwrap();
        pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap()
    };
    (0..2).map(worker).collect()
}

/// Starts an endless map, does something to the program, and sees that nobody is left.
fn end(arguments: &[&str], how: impl FnOnce(Pid)) -> Said {
    let mut neighbour = Neighbour::start(arguments);
    let workers = workers(&mut neighbour);
    how(neighbour.pid());
    let said = neighbour.end();
    workers.iter().for_each(check_ended);
    assert_eq!(said.errors, "", "{arguments:?}");
    said
}

const THREADS: [&str; 3] = ["main", "thread", "pool"];

#[test]
fn ctrl_c_ends_the_program_and_its_workers() {
    for thread in THREADS {
        for signal in [Signal::INT, Signal::HUP, Signal::TERM] {
            // As a terminal does: to the whole process group.
            let said = end(&["endless", thread], |pid| kill_process_group(pid, signal).unwrap());
            assert_eq!(said.status.signal(), Some(signal.as_raw()), "{said:?}");
        }
    }
}

#[test]
fn workers_end_with_their_parent_whatever_ends_it() {
    for thread in THREADS {
        for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
            let said = end(&["endless", thread], |pid| kill_process(pid, signal).unwrap());
            assert_eq!(said.status.signal(), Some(signal.as_raw()), "{said:?}");
        }
    }
}

#[test]
fn workers_end_when_the_program_returns() {
    let said = end(&["returns"], |_| {});
    assert!(said.status.success(), "{said:?}");
}

/// Programs that fork all the time, killed at any moment of it: between a fork and the child's
/// first instruction, too.
#[test]
fn no_worker_is_left_by_programs_killed_while_they_fork() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..200 {
        let case = if round % 2 == 0 { "forks" } else { "replacements" };
        let mut parent = Command::new(env!("CARGO_BIN_EXE_neighbour"))
            .arg(case)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = parent.stdout.take().unwrap();
        let mut begins = [0; 7];
        stdout.read_exact(&mut begins).unwrap();
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // Some time between now and two milliseconds.
        for _ in 0..random % 200_000 {
            std::hint::black_box(());
        }
        parent.kill().unwrap();
        parent.wait().unwrap();
        // The pipe closes when the last process has ended that holds it.
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
        let closed = poll(&mut fds, Some(&patience)).unwrap();
        if closed != 1 {
            let _ = kill_process_group(Pid::from_child(&parent), Signal::KILL);
            panic!("round {round}, {case}: a worker outlived its parent");
        }
    }
}

#[test]
fn a_program_may_handle_ctrl_c_itself() {
    for thread in THREADS {
        let said = end(&["cancels", thread], |pid| {
            kill_process_group(pid, Signal::INT).unwrap();
        });
        assert!(said.status.success(), "{said:?}");
        assert_eq!(said.lines.last().unwrap(), "cancelled");
    }
}

#[test]
fn a_map_may_be_stopped_and_continued() {
    let said = end(&["stopped"], |pid| {
        kill_process_group(pid, Signal::STOP).unwrap();
        let stopped = waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED).unwrap().unwrap();
        assert!(stopped.stopped());
        kill_process_group(pid, Signal::CONT).unwrap();
    });
    assert!(said.status.success(), "{said:?}");
    assert_eq!(said.lines.last().unwrap(), "sum 124750");
}
