//! Processes that a kernel forks. One that comes back from the kernel would go on as the worker
//! that it is a copy of, so it is ended there.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks lie between this process and the one that called [`watch`] first.
static FORKS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Has forks counted from now on.
#[inline]
pub(crate) fn watch() {
    if !WATCHED.is_completed() {
        watch_first();
    }
}

static WATCHED: Once = Once::new();

#[cold]
fn watch_first() {
    WATCHED.call_once(|| {
        // SAFETY: the handler runs in a forked child and only adds to an atomic, which is allowed
        // there. If it can't be registered, forks are not noticed.
        let _ = unsafe { nix::libc::pthread_atfork(None, None, Some(count)) };
    });
}

/// The number of forks between this process and its ancestor: another number than before means
/// that this is another process than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u32);

impl Generation {
    #[inline]
    pub(crate) fn now() -> Generation {
        Generation(FORKS.load(Ordering::Relaxed))
    }

    /// Ends this process, if it is not the one that it was.
    #[inline(always)]
    pub(crate) fn end_if_forked(self) {
        if self != Generation::now() {
            end(0);
        }
    }
}

/// Ends the process at once: no destructor and no exit handler of the parent's runs in a child,
/// and nothing that the parent has buffered is written twice.
#[cold]
pub(crate) fn end(status: i32) -> ! {
    // SAFETY: `_exit` may be called at any time; nothing of this process is used afterwards.
    unsafe { nix::libc::_exit(status) }
}
