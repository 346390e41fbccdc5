//! One call of the kernel, for one index, in a worker.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PySequence;

use crate::interrupt::Interrupt;
use crate::mailbox::Mailbox;
use crate::slow::SlowItems;

/// What is called for an index.
pub(crate) enum Call {
    /// `kernel(worker_id, index, sequence[index])`
    Element { kernel: Py<PyAny>, sequence: Py<PyAny> },
    /// `function(worker_id, index)`
    Function(Py<PyAny>),
}

/// What all workers need for their calls.
pub(crate) struct Items {
    pub(crate) call: Call,
    /// Which exceptions items have raised, where workers are threads.
    pub(crate) raised: Mutex<HashMap<usize, PyErr>>,
    /// Where they are put by forked workers.
    pub(crate) mailbox: Option<Mailbox>,
    pub(crate) slow: Option<std::sync::Arc<SlowItems>>,
    pub(crate) interrupt: Interrupt,
}

/// An exception that a kernel has raised, as text.
pub(crate) struct Raised(String);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Calls the kernel for an index; 1 says that it has been.
#[pasha::kernel]
pub(crate) fn call_kernel(
    index: usize,
    #[worker_id] worker_id: usize,
    #[shared] items: &Items,
) -> Result<u8, Raised> {
    items.call(worker_id, index).map(|()| 1)
}

impl Items {
    fn call(&self, worker_id: usize, index: usize) -> Result<(), Raised> {
        // All workers have the interpreter already: it takes no time.
        let called = Python::try_attach(|py| {
            if let Some(slow) = &self.slow {
                slow.begin(worker_id, index);
            }
            let called = self.call.call(py, worker_id, index);
            if let Some(slow) = &self.slow {
                slow.end(worker_id);
            }
            called.map_err(|error| self.keep(py, worker_id, index, error))
        });
        called.unwrap_or_else(|| Err(Raised("the interpreter is shutting down".to_owned())))
    }

    /// Keeps an exception for the caller of the map.
    #[cold]
    fn keep(&self, py: Python<'_>, worker_id: usize, index: usize, error: PyErr) -> Raised {
        let text = Raised(error.to_string());
        if let Some(mailbox) = &self.mailbox {
            // What can't be sent is known by its text.
            let _ = pickled(py, &error, worker_id, index)
                .and_then(|letter| Ok(mailbox.post(index, &letter)?));
        } else if error.is_instance_of::<PyException>(py) {
            self.raised().insert(index, error);
        } else {
            // `KeyboardInterrupt`, `SystemExit`: no failure of the item.
            self.interrupt.raise(error);
        }
        text
    }

    /// The exceptions that were kept, by index.
    pub(crate) fn raised(&self) -> MutexGuard<'_, HashMap<usize, PyErr>> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    fn call(&self, py: Python<'_>, worker_id: usize, index: usize) -> PyResult<()> {
        match self {
            Call::Element { kernel, sequence } => {
                // SAFETY: `PySequence::get_item` calls `PySequence_GetItem`, which takes any
                // object, and raises an exception for one that is no sequence.
                let sequence = unsafe { sequence.bind(py).cast_unchecked::<PySequence>() };
                let value = sequence.get_item(index)?;
                kernel.bind(py).call1((worker_id, index, value)).map(drop)
            }
            Call::Function(function) => function.bind(py).call1((worker_id, index)).map(drop),
        }
    }
}

fn pickled(py: Python<'_>, error: &PyErr, worker_id: usize, index: usize) -> PyResult<Vec<u8>> {
    // With its traceback, which the value alone does not have.
    let value = error.clone_ref(py).into_value(py);
    let module = py.import("pasha_rs._exceptions")?;
    module.call_method1("pack", (value, worker_id, index))?.extract()
}
