//! Errors of maps as exceptions of Python's.

use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::error::{Cause, Error, ItemFailure, in_python};

/// The classes of exceptions: those of the package `pasha_rs` where it can be imported, otherwise
/// this module's own of the same names.
#[derive(Debug)]
pub(crate) struct Classes {
    pasha: Py<PyType>,
    kernel: Py<PyType>,
    panic: Py<PyType>,
    died: Py<PyType>,
    timeout: Py<PyType>,
}

/// Their names.
pub(crate) const NAMES: [&str; 5] =
    ["PashaError", "KernelError", "KernelPanic", "WorkerDied", "ItemTimeout"];

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

/// Keeps the classes, in the order of their [`NAMES`].
pub(crate) fn keep(py: Python<'_>, classes: Vec<Bound<'_, PyType>>) -> PyResult<()> {
    let classes: [Bound<'_, PyType>; 5] = classes
        .try_into()
        .map_err(|_| PyRuntimeError::new_err("there are five classes of exceptions"))?;
    let [pasha, kernel, panic, died, timeout] = classes.map(Bound::unbind);
    // Made once a process: a second module of the same library has the first one's.
    let _ = CLASSES.set(py, Classes { pasha, kernel, panic, died, timeout });
    Ok(())
}

/// The exception of an error, with the attributes that the error has.
pub(crate) fn raised(py: Python<'_>, error: Error) -> PyErr {
    let text = in_python(&error);
    match error {
        Error::Item(failure) => of_item(py, &failure, text),
        Error::Alloc { .. } => PyMemoryError::new_err(text),
        Error::File { source, .. } => match source.raw_os_error() {
            // Python makes `FileNotFoundError` and its like of the number.
            Some(number) => PyOSError::new_err((number, text)),
            None => PyOSError::new_err(text),
        },
        Error::LengthMismatch { .. }
        | Error::LabelMismatch { .. }
        | Error::ShapeMismatch { .. }
        | Error::SlotLengthMismatch { .. }
        | Error::NotWritable { .. }
        | Error::UnknownItemShape { .. }
        | Error::Functor { .. }
        | Error::UnknownContext { .. }
        | Error::Argument { .. }
        | Error::TooLarge { .. }
        | Error::ShapeOverflow { .. }
        | Error::ZeroWorkers => PyValueError::new_err(text),
        _ => other(py, text),
    }
}

/// The exception of an error about one argument of a call.
pub(crate) fn of_argument(py: Python<'_>, name: &str, error: Error) -> PyErr {
    let text = in_python(&error);
    // Of files with another number of axes: the number that there is was said before.
    let text = text.split("; open it as ").next().unwrap_or_default();
    let text = format!("argument `{name}`: {text}");
    match &error {
        Error::Npy(_) => PyValueError::new_err(text),
        #[cfg(feature = "hdf5")]
        Error::Hdf5(_) => PyValueError::new_err(text),
        Error::File { source, .. } => match source.raw_os_error() {
            Some(number) => PyOSError::new_err((number, text)),
            None => PyOSError::new_err(text),
        },
        Error::Argument { .. } => PyValueError::new_err(text),
        _ => other(py, text),
    }
}

/// The exception of an item that failed; `text` is what it says.
pub(crate) fn of_item(py: Python<'_>, failure: &ItemFailure, text: String) -> PyErr {
    let exception = of_class(
        py,
        |classes| match failure.cause() {
            Cause::Refused { .. } => &classes.kernel,
            Cause::Panic { .. } => &classes.panic,
            Cause::Died { .. } => &classes.died,
            Cause::TimedOut { .. } => &classes.timeout,
            _ => &classes.pasha,
        },
        text,
    );
    let (signal, status) = match failure.cause() {
        Cause::Died { signal, status, .. } => (*signal, *status),
        _ => (None, None),
    };
    let value = exception.value(py);
    let attributes = [
        value.setattr("index", failure.index()),
        value.setattr("worker_id", failure.worker_id()),
        value.setattr("host", failure.host()),
        value.setattr("attempts", failure.attempts()),
        value.setattr("signal", signal),
        value.setattr("status", status),
    ];
    match attributes.into_iter().collect::<PyResult<()>>() {
        Ok(()) => exception,
        Err(error) => error,
    }
}

fn of_class(py: Python<'_>, choose: impl Fn(&Classes) -> &Py<PyType>, text: String) -> PyErr {
    match CLASSES.get(py) {
        Some(classes) => PyErr::from_type(choose(classes).bind(py).clone(), text),
        None => PyRuntimeError::new_err(text),
    }
}

/// Warns where the function was called.
pub(crate) fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    let text = std::ffi::CString::new(text.replace('\0', " ")).unwrap_or_default();
    // 1 is the line of the generated function, 2 that of whoever calls it.
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 2)
}

/// The exception of whatever else keeps a map from finishing.
pub(crate) fn other(py: Python<'_>, text: String) -> PyErr {
    of_class(py, |classes| &classes.pasha, text)
}
