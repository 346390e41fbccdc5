//! Several ranks without MPI: forked processes of this one, which talk through pairs of sockets.

use std::io::{PipeReader, Read, Write};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};
use pasha::__private::{GroupContext, Seat};
use pasha::AnyContext;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A rank is not taken for lost on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs the test that calls it in a process of its own, where nothing else is going on when ranks
/// are forked; `false` in that process. `here` is a closure of the test, whose name it has.
///
/// # Panics
/// With what the test said, if it failed.
#[track_caller]
pub fn ran_alone<F>(_here: &F) -> bool {
    const ALONE: &str = "PASHA_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    let path = std::any::type_name::<F>();
    let name =
        path.trim_end_matches("::{{closure}}").split_once("::").map_or(path, |(_, name)| name);
    let program = std::env::current_exe().expect("the tests have a program");
    let output = std::process::Command::new(program)
        .args([name, "--exact", "--nocapture", "--test-threads=2"])
        .env(ALONE, "1")
        .output()
        .expect("the test can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    let is_well = output.status.success() && said.contains("1 passed");
    assert!(is_well, "{said}{}", String::from_utf8_lossy(&output.stderr));
    true
}

/// Runs `body` on each of so many ranks, with the workers that `local` gives for its number.
///
/// # Panics
/// With what a rank said when it panicked, and if one has not ended after two minutes.
#[track_caller]
pub fn on_ranks(size: usize, local: impl Fn(usize) -> AnyContext, body: impl Fn(GroupContext)) {
    on_ranks_with(size, PATIENCE, local, |context| {
        body(context);
        String::new()
    });
}

/// As [`on_ranks`], where a rank is lost that is silent for longer than `patience`; gives the text
/// that `body` gave on each rank.
///
/// # Panics
/// As `on_ranks`.
#[track_caller]
pub fn on_ranks_with(
    size: usize,
    patience: Duration,
    local: impl Fn(usize) -> AnyContext,
    body: impl Fn(GroupContext) -> String,
) -> Vec<String> {
    // What a first map makes once for all is made before the fork.
    pasha::map_in(&pasha::SerialContext::new(), 0..2, |_, _, n| n).expect("a map runs");
    let mut seats: Vec<Option<Seat>> =
        Seat::of_group(size).expect("there are sockets").into_iter().map(Some).collect();
    let children: Vec<(Pid, PipeReader)> = (0..size)
        .map(|rank| {
            let (reader, mut writer) = std::io::pipe().expect("there is a pipe");
            // SAFETY: the child runs what forked workers may run, and never returns from here.
            match unsafe { nix::unistd::fork() }.expect("the test can fork") {
                ForkResult::Parent { child } => (child, reader),
                ForkResult::Child => {
                    let seat = seats[rank].take();
                    seats.clear();
                    let run = AssertUnwindSafe(|| {
                        let host = format!("node-{rank}");
                        let seat = seat.expect("each rank has a seat");
                        let context = seat.join(&host, local(rank), patience).expect("all join");
                        body(context)
                    });
                    let (status, text) = match std::panic::catch_unwind(run) {
                        Ok(text) => (0, text),
                        Err(payload) => (1, text_of(&*payload)),
                    };
                    let _ = writer.write_all(text.as_bytes());
                    // SAFETY: ends the process at once; nothing of it is used afterwards.
                    unsafe { nix::libc::_exit(status) }
                }
            }
        })
        .collect();
    drop(seats);
    let ends: Vec<Result<String, String>> = children
        .into_iter()
        .enumerate()
        .map(|(rank, (child, reader))| end_of(child, reader, rank))
        .collect();
    let failed: String = ends.iter().filter_map(|end| end.as_ref().err()).cloned().collect();
    assert!(failed.is_empty(), "{failed}");
    ends.into_iter().flatten().collect()
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without text").to_owned()
}

/// Waits for a rank: what it gave, or how it failed.
fn end_of(child: Pid, mut reader: PipeReader, rank: usize) -> Result<String, String> {
    let pid = rustix::process::Pid::from_raw(child.as_raw()).expect("a child has a number");
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
        .expect("a child has a pidfd");
    let limit = Timespec { tv_sec: 120, tv_nsec: 0 };
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit)) == Ok(1);
    if !ended {
        let _ = rustix::process::pidfd_send_signal(&pidfd, rustix::process::Signal::KILL);
    }
    let status = waitpid(child, None).expect("a child can be waited for");
    rustix::io::ioctl_fionbio(&reader, true).expect("a pipe can be read without waiting");
    let mut said = Vec::new();
    // Other children of the tests may have the pipe open, so that its end is not seen.
    let _ = reader.read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said).into_owned();
    match status {
        WaitStatus::Exited(_, 0) => Ok(said),
        _ if !ended => Err(format!("rank {rank} hung\n")),
        // One that was killed on purpose.
        WaitStatus::Signaled(_, nix::sys::signal::Signal::SIGKILL, _) => Ok("killed".to_owned()),
        status => Err(format!("rank {rank}: {status:?} {said}\n")),
    }
}

/// Stopped processes that have the same parent as this one, as soon as there are any.
pub fn stopped_siblings() -> Vec<rustix::process::Pid> {
    loop {
        let stopped = siblings_that_are_stopped();
        if !stopped.is_empty() {
            return stopped;
        }
        std::thread::yield_now();
    }
}

fn siblings_that_are_stopped() -> Vec<rustix::process::Pid> {
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let rest = stat.rsplit(')').next().unwrap_or_default();
            let mut fields = rest.split_whitespace();
            let state = fields.next();
            let of = fields.next().and_then(|field| field.parse().ok());
            state == Some("T") && of.is_some() && of == parent
        })
        .filter_map(rustix::process::Pid::from_raw)
        .collect()
}
