//! What the interpreter needs around the forks of workers.

use std::sync::{Mutex, PoisonError};

use pasha::__private::AroundForks;
use pyo3::ffi;
use pyo3::prelude::*;

/// Tells the interpreter of forks. The thread that forks has it from just before to just after,
/// and the one thread of a worker has it for the worker's whole life.
#[derive(Default)]
pub(crate) struct Interpreter {
    /// What is to be given back after the forks.
    held: Mutex<Option<ffi::PyGILState_STATE>>,
}

impl Interpreter {
    fn held(&self) -> std::sync::MutexGuard<'_, Option<ffi::PyGILState_STATE>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AroundForks for Interpreter {
    fn before(&self) {
        // SAFETY: this thread called `run` from Python, so that the interpreter lives, and has let
        // go of it since. It is given back in `in_parent`, on the same thread.
        let state = unsafe { ffi::PyGILState_Ensure() };
        // What is in Python's buffers would be written by each child, too.
        Python::attach(flush);
        // SAFETY: the interpreter is held by this thread, until after the forks.
        unsafe { ffi::PyOS_BeforeFork() };
        *self.held() = Some(state);
    }

    fn in_parent(&self) {
        let state = self.held().take();
        // SAFETY: `before` was called on this thread, and holds the interpreter since; what it
        // gave is given back once.
        unsafe {
            ffi::PyOS_AfterFork_Parent();
            if let Some(state) = state {
                ffi::PyGILState_Release(state);
            }
        }
    }

    fn in_child(&self) {
        // SAFETY: this is the thread that called `before`, in a child that it has forked since. It
        // goes on holding the interpreter, and never gives it back: a worker ends without it.
        unsafe { ffi::PyOS_AfterFork_Child() };
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
