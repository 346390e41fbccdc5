//! What the interpreter needs around the forks of workers.

use std::sync::{Mutex, PoisonError};

use pasha::__private::AroundForks;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::interrupt::Interrupt;
use crate::signals::PostponedSignals;

/// Tells the interpreter of forks. The thread that forks has it from just before to just after,
/// and the one thread of a worker has it for the worker's whole life.
pub(crate) struct Interpreter {
    /// Ends the map with what a handler of a signal raises around the forks.
    interrupt: Interrupt,
    held: Mutex<Option<Held>>,
}

/// What is to be given back after the forks.
struct Held {
    state: ffi::PyGILState_STATE,
    signals: Option<PostponedSignals>,
}

impl Interpreter {
    pub(crate) fn new(interrupt: &Interrupt) -> Self {
        Interpreter { interrupt: interrupt.clone(), held: Mutex::new(None) }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the handlers of signals back; with `raises` those are called that have waited.
    fn let_signals_go(&self, signals: Option<PostponedSignals>, raises: bool) {
        let Some(signals) = signals else { return };
        Python::attach(|py| signals.end(py, &self.interrupt, raises));
    }
}

impl AroundForks for Interpreter {
    fn before(&self) {
        // SAFETY: this thread called `run` from Python, so that the interpreter lives, and has let
        // go of it since. It is given back in `in_parent`, on the same thread.
        let state = unsafe { ffi::PyGILState_Ensure() };
        let signals = Python::attach(|py| PostponedSignals::begin(py, &self.interrupt));
        // What is in Python's buffers would be written by each child, too. Errors of streams are
        // ignored, so that none may be a handler's.
        Python::attach(flush);
        // SAFETY: the interpreter is held by this thread, until after the forks.
        unsafe { ffi::PyOS_BeforeFork() };
        *self.held() = Some(Held { state, signals });
    }

    fn in_parent(&self) {
        let held = self.held().take();
        // SAFETY: `before` was called on this thread, and holds the interpreter since.
        unsafe { ffi::PyOS_AfterFork_Parent() };
        if let Some(Held { state, signals }) = held {
            self.let_signals_go(signals, true);
            // SAFETY: `before` got it on this thread, and it is given back once.
            unsafe { ffi::PyGILState_Release(state) };
        }
    }

    fn in_child(&self) {
        // SAFETY: this is the thread that called `before`, in a child that it has forked since. It
        // goes on holding the interpreter, and never gives it back: a worker ends without it.
        unsafe { ffi::PyOS_AfterFork_Child() };
        // Its signals are its own: those of the program are none of a worker's.
        let signals = self.held().take().and_then(|held| held.signals);
        self.let_signals_go(signals, false);
    }

    fn at_end(&self) {
        Python::attach(flush);
    }
}

/// Writes what Python code has printed.
fn flush(py: Python<'_>) {
    let flushed = || -> PyResult<()> {
        let sys = py.import("sys")?;
        for name in ["stdout", "stderr"] {
            let stream = sys.getattr(name)?;
            if !stream.is_none() {
                stream.call_method0("flush")?;
            }
        }
        Ok(())
    };
    // A stream that is closed has nothing to be written.
    let _ = flushed();
}
