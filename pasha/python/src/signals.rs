//! Handlers of signals that wait: what they raise is lost, or leaves a lock held, where Python
//! runs callbacks around forks (`os.register_at_fork`), such as those of `logging`.

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::interrupt::Interrupt;

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
    pub(crate) fn begin(py: Python<'_>, interrupt: &Interrupt) -> Option<Self> {
        let threading = again(interrupt, || py.import("threading"))?;
        let is_main = again(interrupt, || {
            let this = threading.call_method0("get_ident")?;
            threading.call_method0("main_thread")?.getattr("ident")?.eq(this)
        })?;
        if !is_main {
            return None;
        }
        let came = PyList::empty(py);
        let note = again(interrupt, || {
            let make = c"lambda came: lambda number, frame: came.append(number)";
            py.eval(make, None, None)?.call1((&came,))
        })?;
        let signal = again(interrupt, || py.import("signal"))?;
        let numbers = again(interrupt, || {
            let numbers = signal.call_method0("valid_signals")?;
            numbers.try_iter()?.map(|number| number?.extract()).collect::<PyResult<Vec<i32>>>()
        })?;
        let mut handlers = Vec::new();
        for number in numbers {
            let handler = again(interrupt, || signal.call_method1("getsignal", (number,)));
            let Some(handler) = handler.filter(|handler| handler.is_callable()) else { continue };
            if again(interrupt, || signal.call_method1("signal", (number, &note))).is_some() {
                handlers.push((number, handler.unbind()));
            }
        }
        Some(PostponedSignals { handlers, came: came.unbind() })
    }

    /// Puts the handlers back, and with `raises` raises the signals anew that have come. What their
    /// handlers raise ends the map.
    pub(crate) fn end(self, py: Python<'_>, interrupt: &Interrupt, raises: bool) {
        let Some(signal) = again(interrupt, || py.import("signal")) else { return };
        for (number, handler) in &self.handlers {
            let _ = again(interrupt, || signal.call_method1("signal", (number, handler)));
        }
        if raises {
            for number in self.came.bind(py) {
                if let Err(error) = signal.call_method1("raise_signal", (number,)) {
                    interrupt.raise(error);
                }
            }
        }
    }
}

/// Makes a call, and makes it again when a handler of a signal has raised an exception in it, which
/// ends the map. `None` if it fails each time.
fn again<T>(interrupt: &Interrupt, call: impl Fn() -> PyResult<T>) -> Option<T> {
    (0..ATTEMPTS).find_map(|_| call().map_err(|error| interrupt.raise(error)).ok())
}
