//! Programs that do something of their own about their children.

use std::collections::BTreeMap;
use std::process::Command;

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use pasha_tests::children;

use super::{check_next_map, double, eventually, misbehave, told, two_processes};

/// Makes this a program with that habit.
fn live_with(how: &str) {
    let (handler, flags) = match how {
        "default" => return,
        "ignored" => (SigHandler::SigIgn, SaFlags::empty()),
        "no-wait" => (SigHandler::SigDfl, SaFlags::SA_NOCLDWAIT),
        "handler" => (SigHandler::Handler(reap_all), SaFlags::empty()),
        "thread" => {
            std::thread::spawn(|| {
                loop {
                    // SAFETY: without an address nothing is written.
                    if unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } < 0 {
                        std::thread::yield_now();
                    }
                }
            });
            return;
        }
        other => panic!("unknown habit {other}"),
    };
    // SAFETY: the handler calls only `waitpid`, which handlers may, and restores `errno`.
    unsafe { sigaction(Signal::SIGCHLD, &SigAction::new(handler, flags, SigSet::empty())) }
        .unwrap();
}

extern "C" fn reap_all(_signal: libc::c_int) {
    let errno = nix::errno::Errno::last_raw();
    // SAFETY: without an address nothing is written.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
    nix::errno::Errno::set_raw(errno);
}

/// Many maps, many deaths; says what it was told of each kind, and how often if not always.
pub(super) fn reaped(how: &str) {
    const ROUNDS: usize = 40;
    live_with(how);
    let context = two_processes();
    for _ in 0..ROUNDS {
        let out = double::run_in(&context, 0..1000_u64).unwrap();
        assert_eq!(out.sum(), 999_000);
    }
    eventually("no child is left", || children().is_empty());
    let before = pasha_tests::open_files_and_mappings();
    for end in ["segv", "kill", "usr1", "abort", "exit-0", "exit-3", "c-exit-4", "panic", "error"] {
        let mut all_told = BTreeMap::new();
        for _ in 0..ROUNDS {
            let told = told(misbehave::run_in(&context, 0..1000_usize, end));
            *all_told.entry(told).or_insert(0) += 1;
        }
        for (told, times) in all_told {
            let times = if times == ROUNDS { "always".to_owned() } else { times.to_string() };
            println!("{end}: {times} {told}");
        }
    }
    check_next_map();
    eventually("no child is left", || children().is_empty());
    let after = pasha_tests::open_files_and_mappings();
    assert_eq!(after.0, before.0, "open files");
    // What the unwinder keeps after its first use is not the maps'.
    assert!(after.1 <= before.1 + 4, "{before:?} {after:?}");
}

/// Kernels that run programs; says what came of it.
pub(super) fn commands(how: &str) {
    live_with(how);
    let ran = pasha::try_map_in(&two_processes(), 0..20_u32, |_, _, n| {
        let output = Command::new("echo").arg(n.to_string()).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok::<_, std::io::Error>(text.trim() == n.to_string())
    });
    match ran {
        Ok(ran) => println!("all ran {}", ran.iter().all(|&ran| ran)),
        Err(error) => println!("{}", told::<()>(Err(error)).replace(char::is_numeric, "N")),
    }
    check_next_map();
    eventually("no child is left", || children().is_empty());
}
