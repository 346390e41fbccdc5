//! Signals around a fork: a worker does not run the program's handlers.
//!
//! A handler belongs to the program: it saves a state, prints a word, sets a flag. A copy of it in
//! each worker would do so once more for each. So handled signals get their default action back in
//! a worker, as they do in a program that is started anew. Those that ask a program to end
//! (SIGINT from the terminal goes to all its processes) are ignored in workers of a program that
//! handles them: that program decides, and its workers end when it says so, or with it.

use std::mem::MaybeUninit;

use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow};

/// Asks to end; decided by the program, if it handles them.
const REQUESTS: [libc::c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// Crashes: their handlers tell of them, such as the standard library's, which finds stack
/// overflows, so they stay.
const CRASHES: [libc::c_int; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Signals of this thread, held back while it forks, so that no handler of the program's runs in
/// a child before it is taken off there.
pub(super) struct Blocked(SigSet);

impl Blocked {
    /// Holds all signals back.
    pub(super) fn all() -> nix::Result<Blocked> {
        SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).map(Blocked)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // It can't fail: the set is one that was in force.
        let _ = self.0.thread_set_mask();
    }
}

/// The signals that the program handles, but for crashes.
///
/// The parent finds them, once for all children that it forks together. A handler that another
/// thread installs between that and the fork stays.
pub(super) struct Handled(Vec<libc::c_int>);

impl Handled {
    /// Asks for each signal.
    pub(super) fn now() -> Handled {
        let all = 1..=libc::SIGRTMAX();
        Handled(all.filter(|signal| !CRASHES.contains(signal) && is_handled(*signal)).collect())
    }

    /// Takes the program's handlers off; called in a child, with signals held back.
    pub(super) fn take_off(&self) {
        for &signal in &self.0 {
            let action = if REQUESTS.contains(&signal) { libc::SIG_IGN } else { libc::SIG_DFL };
            // SAFETY: neither action runs any code, and this is the only thread of the process.
            unsafe { libc::signal(signal, action) };
        }
    }
}

/// Whether the program handles this signal itself.
fn is_handled(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action it only writes the present one, or fails for signals that the
    // C library keeps for itself.
    let told = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    if told != 0 {
        return false;
    }
    // SAFETY: it was written.
    let action = unsafe { action.assume_init() }.sa_sigaction;
    action != libc::SIG_DFL && action != libc::SIG_IGN
}
