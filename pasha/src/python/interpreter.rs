//! Which interpreter imports a module.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Refuses interpreters beside the main one: signals, the classes of exceptions and the contexts
/// that are kept are those of the process.
pub(crate) fn refuse_others_than_the_main(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: this thread is attached to an interpreter, as the token says, which is the one asked
    // for and lives meanwhile.
    let number =
        unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    match number {
        0 => Ok(()),
        _ => Err(PyImportError::new_err(
            "kernels of pasha run in the main interpreter of a process alone, and this is another \
             one: import the module there",
        )),
    }
}
