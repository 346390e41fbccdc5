//! Panics of kernels: caught, told with message and place, and not printed.
//!
//! The place of a panic is known to the panic hook alone. So pasha puts a hook of its own in front
//! of the program's, which notes message and place where a worker runs, and hands every other
//! panic on to the program's hook unchanged. It notes them in the worker's record, so that they
//! are known even if the panic ends the process: in a program compiled with `panic = "abort"`, or
//! by a second panic in a destructor. A hook that the program sets after its first map comes in
//! front, and sees the panics of kernels as well; then the place is not known.
//!
//! A hook can only be taken and then set: another thread of the program that panics between the
//! two, while the first map of the process starts, finds the standard library's hook.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::board::{Failure, Record, read_text};

thread_local! {
    /// The record of the worker that this thread runs, or null.
    static RECORD: Cell<*const Record> = const { Cell::new(ptr::null()) };
}

/// In a forked worker its record, and null elsewhere: threads that a kernel starts there belong to
/// it, too.
static FORKED: AtomicPtr<Record> = AtomicPtr::new(ptr::null_mut());

/// Has the panics of all threads of this process noted in a worker's record. The process is a
/// forked worker: it returns to nobody, and never unmaps the record.
///
/// The program's hook must not get them: it might wait for ever for a lock that a thread of the
/// program held at the fork, such as the one under which backtraces are printed.
pub(crate) fn note_all_threads(record: &Record) {
    FORKED.store(ptr::from_ref(record).cast_mut(), Ordering::Relaxed);
}

/// Whether this thread runs a worker, so that a map started here must not start more.
#[inline]
pub(crate) fn in_worker() -> bool {
    !RECORD.get().is_null()
}

/// Installs the hook, once for the process and before the first worker starts: a forked worker
/// must not, since another thread might have held the lock on the hook.
#[inline]
pub(crate) fn install_hook() {
    if !INSTALLED.is_completed() {
        install_hook_first();
    }
}

static INSTALLED: Once = Once::new();

#[cold]
fn install_hook_first() {
    // A map in a destructor during a panic: hooks can't be changed then.
    if std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let program_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // SAFETY: `guard` sets the one for as long as it borrows it, on this thread alone;
            // `note_all_threads` the other, to what is never unmapped.
            let record = unsafe {
                RECORD.get().as_ref().or_else(|| FORKED.load(Ordering::Relaxed).as_ref())
            };
            match record {
                Some(record) => note(record, info),
                None => program_hook(info),
            }
        }));
    });
}

fn note(record: &Record, info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string);
    let message = message_of(info.payload());
    record.note_panic(message, location.as_deref(), aborts(message));
}

/// Whether a panic ends the process: all do where the program is compiled so, and elsewhere those
/// that come out of a destructor during another panic, or out of a function that can't unwind.
/// These are the standard library's words for them, which it does not tell otherwise.
fn aborts(message: &str) -> bool {
    cfg!(panic = "abort")
        || message.starts_with("panic in a destructor during cleanup")
        || message.starts_with("panic in a function that cannot unwind")
}

/// The text of a panic's payload.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic whose payload is not a text"
    }
}

/// A panic was caught, and is explained in the worker's record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Caught {
    /// Whose panic it was.
    pub(crate) failure: Failure,
}

/// As long as this lives the thread reads an item: a panic is the reader's, and not the kernel's.
///
/// Only the panic's way out costs something, which finds it here; the other ways
/// [end](ItemBeingRead::end) it.
#[must_use]
pub(crate) struct ItemBeingRead(());

impl ItemBeingRead {
    /// An item is about to be read.
    #[inline(always)]
    pub(crate) fn begin() -> ItemBeingRead {
        ItemBeingRead(())
    }

    /// The item is read, or an error says why not.
    #[inline(always)]
    pub(crate) fn end(self) {
        std::mem::forget(self);
    }
}

impl Drop for ItemBeingRead {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: `guard` sets it for as long as it borrows the record, on this thread alone.
        if let Some(record) = unsafe { RECORD.get().as_ref() } {
            record.note_reader_panic();
        }
    }
}

thread_local! {
    /// What this thread is doing for a map that it makes, outside of any worker.
    pub(crate) static CALLER: Record = const { Record::new() };
}

/// Runs code of the user's that belongs to a map but to no worker. Its panic is an error, with the
/// text and the place; within a worker it is that worker's.
// Knows no type of what is called, so that it is compiled once and not with every kernel.
pub(crate) fn caught(call: &mut dyn FnMut()) -> Result<(), (String, Option<String>)> {
    if in_worker() {
        call();
        return Ok(());
    }
    install_hook();
    CALLER.with(|record| {
        record.take_panic();
        guard(record, call).map_err(|_caught| {
            let (message, location) = record.texts();
            let location = read_text(location.bytes());
            (read_text(message.bytes()), (!location.is_empty()).then_some(location))
        })
    })
}

/// Calls into a library that may panic, whoever calls: its panic is a text, and is not printed.
#[cfg(any(feature = "netcdf", feature = "zarr", test))]
pub(crate) fn silently<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    install_hook();
    let record = Box::new(Record::new());
    guard(&record, call).map_err(|_caught| read_text(record.texts().0.bytes()))
}

/// Runs a part of a worker on this thread, and catches its panic.
#[inline]
pub(crate) fn guard<T>(record: &Record, worker: impl FnOnce() -> T) -> Result<T, Caught> {
    // A thread of a rayon pool may steal the worker of another map while its own kernel waits:
    // what was before is restored, at the very end. A panic that went to the program's hook in a
    // forked worker could wait for ever for a lock that another thread held, such as stderr's.
    let outer = RECORD.replace(record);
    let result =
        catch_unwind(AssertUnwindSafe(worker)).map_err(|payload| caught_by(record, payload));
    RECORD.set(outer);
    result
}

/// Takes note of a panic that was caught.
#[cold]
fn caught_by(record: &Record, payload: Box<dyn std::any::Any + Send>) -> Caught {
    if !record.take_panic() {
        // The program has replaced the hook, or the panic came from another thread of rayon's.
        record.explain(&message_of(&*payload), None);
    }
    // Dropping the payload runs code of the user's, which may panic once more.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        record.take_panic();
        std::mem::forget(second);
    }
    let is_readers = record.take_reader_panic();
    Caught { failure: if is_readers { Failure::ReaderPanic } else { Failure::Panic } }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_panic_of_a_library_is_an_error_and_is_not_printed() {
        // The hook of this process may be another test's.
        const CHILD: &str = "PASHA_TEST_PANICS_SILENTLY";
        if std::env::var_os(CHILD).is_some() {
            let panicked: Result<(), String> = silently(|| panic!("of the {}", "library"));
            assert_eq!(panicked, Err("of the library".to_owned()));
            assert_eq!((silently(|| 3), in_worker()), (Ok(3), false));
            return;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["a_panic_of_a_library_is_an_error_and_is_not_printed", "--nocapture"])
            .env(CHILD, "")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !told.contains("of the library"), "{told}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    }
}
