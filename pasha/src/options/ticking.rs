//! Calls a function at intervals while another runs.

use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// Runs a function while a thread of this name calls another, each time after a pause: with `false`
/// while the first runs, until it breaks, and with `true` once that has ended.
pub(crate) fn at_intervals<T>(
    pause: Duration,
    name: &str,
    mut tick: impl FnMut(bool) -> ControlFlow<()> + Send,
    run: impl FnOnce() -> T,
) -> T {
    let ended = HasEnded::default();
    std::thread::scope(|scope| {
        let ticker = std::thread::Builder::new().name(name.to_owned());
        // Without a thread nothing is called, but the other runs all the same.
        let ticker = ticker.spawn_scoped(scope, || {
            while !ended.wait(pause) {
                if tick(false).is_break() {
                    return;
                }
            }
            let _ = tick(true);
        });
        // Also after a panic: the scope waits for the thread.
        let end = EndTicksOnDrop(&ended);
        let outcome = run();
        drop(end);
        // A panic of the user's function goes on as it is; the scope would replace its text.
        if let Ok(Err(payload)) = ticker.map(ScopedJoinHandle::join) {
            std::panic::resume_unwind(payload);
        }
        outcome
    })
}

/// Calls a function when it is dropped by a panic, as of a user's function, so that a map ends
/// whose caller gets the panic and not the outputs.
pub(crate) struct OnPanic<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}

/// Whether the function has ended.
#[derive(Default)]
struct HasEnded {
    ended: Mutex<bool>,
    changed: Condvar,
}

impl HasEnded {
    /// Waits for the end, but no longer than this.
    fn wait(&self, at_most: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(ended, at_most, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

struct EndTicksOnDrop<'e>(&'e HasEnded);

impl Drop for EndTicksOnDrop<'_> {
    fn drop(&mut self) {
        *self.0.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}
