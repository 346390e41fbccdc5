//! What the parent holds while it forks, so that a child finds it whole and free.
//!
//! A child has a copy of every lock of the program, in the state that other threads have left it
//! in, and none of these threads to ever release it. What the standard library or pasha will need
//! in a child is therefore held by the forking thread, which exists in the child too and lets go
//! of it there.

use std::io::{self, StderrLock, StdoutLock, Write};
use std::time::Duration;

use nix::libc;

use super::libraries::Libraries;
use super::signals::{Blocked, Handled};
use crate::files::HeldClaims;
use crate::memory::LiveMappings;

/// Locks and signals, held until it is dropped, in the parent and in each child.
pub(super) struct ForkGuard {
    pub(super) live: LiveMappings,
    _claims: HeldClaims,
    // Let go of in this order.
    _stdout: StdoutLock<'static>,
    _stderr: StderrLock<'static>,
    _signals: Option<Blocked>,
    pub(super) handled: Handled,
    libraries: Libraries,
}

impl ForkGuard {
    /// Flushes what the program has printed, which each child would print again, and takes hold of
    /// the rest.
    pub(super) fn hold() -> ForkGuard {
        let (mut stdout, stderr, libraries) = streams_and_libraries();
        let _ = stdout.flush();
        flush_stdout_of_c();
        let claims = HeldClaims::hold();
        let live = LiveMappings::lock();
        let signals = Blocked::all().ok();
        let handled = Handled::now();
        ForkGuard {
            live,
            _claims: claims,
            _stdout: stdout,
            _stderr: stderr,
            _signals: signals,
            handled,
            libraries,
        }
    }

    /// Lets go of everything in a child.
    pub(super) fn let_go_in_child(self) {
        self.libraries.let_go_in_child();
    }
}

/// Takes hold of the streams and of the libraries.
///
/// Other threads take them in either order: they print under the lock of the libraries, and print
/// a handle of HDF5, which calls the library under the locks of the streams. So this waits for the
/// libraries only for a while with the streams in its hand, then without, and begins anew.
fn streams_and_libraries() -> (StdoutLock<'static>, StderrLock<'static>, Libraries) {
    Libraries::prepare();
    let mut patience = Duration::from_millis(10);
    loop {
        let (stdout, stderr) = (io::stdout().lock(), io::stderr().lock());
        if let Some(libraries) = Libraries::hold(patience) {
            return (stdout, stderr, libraries);
        }
        drop((stdout, stderr));
        Libraries::wait();
        // They may be in use all the time.
        patience = (2 * patience).min(Duration::from_secs(10));
    }
}

/// Writes what the kernel has printed, before its process ends.
pub(super) fn flush() {
    let _ = io::stdout().flush();
    flush_stdout_of_c();
}

fn flush_stdout_of_c() {
    unsafe extern "C" {
        /// C's own standard output, in glibc as in musl.
        static stdout: *mut libc::FILE;
    }
    // SAFETY: the C library initialises it before the program starts, and locks the stream.
    unsafe { libc::fflush(stdout) };
}
