//! The maps that are running, to be ended before the interpreter is.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;

use crate::interrupt::Interrupt;

/// How long the end of the interpreter waits for maps of other threads.
const PATIENCE: Duration = Duration::from_secs(1);

static RUNNING: Mutex<Vec<Interrupt>> = Mutex::new(Vec::new());
static ENDED: Condvar = Condvar::new();

/// A map that is running, until this is dropped.
pub(crate) struct Running(Interrupt);

impl Running {
    pub(crate) fn new(interrupt: &Interrupt) -> Running {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.push(interrupt.clone());
        Running(interrupt.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|other| !other.is(&self.0));
        ENDED.notify_all();
    }
}

/// Ends the maps of daemon threads at their workers' next items. A thread that has the interpreter
/// when that ends is ended by it in the middle of whatever it does.
#[pyfunction]
pub(crate) fn end_maps(py: Python<'_>) {
    py.detach(|| {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().for_each(|interrupt| interrupt.raise(PySystemExit::new_err(())));
        let _ = ENDED.wait_timeout_while(running, PATIENCE, |running| !running.is_empty());
    });
}
