//! Panics of kernels: caught, told with message and place, and not printed.
//!
//! The place of a panic is known to the panic hook alone. So pasha puts a hook of its own in front
//! of the program's, which notes message and place where a worker runs, and hands every other
//! panic on to the program's hook unchanged.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// What is known about a panic.
#[derive(Debug)]
pub(crate) struct Caught {
    pub(crate) message: String,
    pub(crate) location: Option<String>,
}

thread_local! {
    /// Whether this thread runs a worker.
    static IN_WORKER: Cell<bool> = const { Cell::new(false) };
    /// The last panic of this thread's worker, as the hook saw it.
    static LAST: RefCell<Option<Caught>> = const { RefCell::new(None) };
}

/// Whether this thread runs a worker, so that a map started here must not start more.
pub(crate) fn in_worker() -> bool {
    IN_WORKER.get()
}

/// Installs the hook, once for the process and before the first worker starts: a forked worker
/// must not, since another thread might have held the lock on the hook.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let program_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if in_worker() {
                note(info);
            } else {
                program_hook(info);
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let caught = Caught {
        message: message_of(info.payload()),
        location: info.location().map(ToString::to_string),
    };
    LAST.with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = Some(caught);
        }
    });
}

/// The text of a panic's payload.
fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic whose payload is not a text".to_owned()
    }
}

/// Runs a worker on this thread, and catches its panic.
pub(crate) fn guard(worker: impl FnOnce()) -> Result<(), Caught> {
    // A thread of a rayon pool may steal the worker of another map while its own kernel waits:
    // what was before is restored, at the very end. A panic that went to the program's hook in a
    // forked worker could wait for ever for a lock that another thread held, such as stderr's.
    let outer = IN_WORKER.replace(true);
    let result = catch_unwind(AssertUnwindSafe(worker)).map_err(caught);
    IN_WORKER.set(outer);
    result
}

/// What the hook noted of a panic, or what its payload says.
fn caught(payload: Box<dyn Any + Send>) -> Caught {
    let seen = LAST.with(|last| last.try_borrow_mut().ok().and_then(|mut last| last.take()));
    let caught = seen.unwrap_or_else(|| Caught {
        // The program has replaced the hook, or the panic came from another thread of rayon's.
        message: message_of(&*payload),
        location: None,
    });
    // Dropping the payload runs code of the user's, which may panic once more.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    caught
}
