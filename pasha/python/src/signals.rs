//! Handlers of signals that wait: what they raise is lost, or leaves a lock held, where Python
//! runs callbacks around forks (`os.register_at_fork`), such as those of `logging`.

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::interrupt::Interrupt;

/// The signals that Linux has.
const SIGNALS: std::ops::RangeInclusive<i32> = 1..=64;

/// How often a call is made again that a handler has raised an exception in.
const ATTEMPTS: usize = 8;

/// The handlers that are to be put back, and the signals that have come meanwhile.
pub(crate) struct PostponedSignals {
    handlers: Vec<(i32, Py<PyAny>)>,
    came: Py<PyList>,
}

impl PostponedSignals {
    /// Notes signals from now on, instead of calling their handlers, if this is the thread on which
    /// Python calls those. What one of them raises before ends the map.
    pub(crate) fn begin(py: Python<'_>, interrupt: &Interrupt) -> PyResult<Option<Self>> {
        let threading = py.import("threading")?;
        let this = threading.call_method0("get_ident")?;
        if !threading.call_method0("main_thread")?.getattr("ident")?.eq(this)? {
            return Ok(None);
        }
        let came = PyList::empty(py);
        let make =
            py.eval(c"lambda came: lambda number, frame: came.append(number)", None, None)?;
        let note = make.call1((&came,))?;
        let signal = py.import("signal")?;
        let mut handlers = Vec::new();
        for number in SIGNALS {
            // Those of the C library itself are none of Python's.
            let Ok(handler) = signal.call_method1("getsignal", (number,)) else { continue };
            if handler.is_callable() && set(&signal, number, &note, interrupt) {
                handlers.push((number, handler.unbind()));
            }
        }
        Ok(Some(PostponedSignals { handlers, came: came.unbind() }))
    }

    /// Puts the handlers back, and with `raises` raises the signals anew that have come.
    pub(crate) fn end(self, py: Python<'_>, interrupt: &Interrupt, raises: bool) -> PyResult<()> {
        let signal = py.import("signal")?;
        for (number, handler) in self.handlers {
            set(&signal, number, handler.bind(py), interrupt);
        }
        if raises {
            for number in self.came.bind(py) {
                signal.call_method1("raise_signal", (number,))?;
            }
        }
        Ok(())
    }
}

/// Sets a handler; `signal.signal` may first call the one that there is.
fn set(
    signal: &Bound<'_, PyModule>,
    number: i32,
    handler: &Bound<'_, PyAny>,
    interrupt: &Interrupt,
) -> bool {
    (0..ATTEMPTS).any(|_| match signal.call_method1("signal", (number, handler)) {
        Ok(_) => true,
        Err(error) => {
            interrupt.raise(error);
            false
        }
    })
}
