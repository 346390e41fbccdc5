//! One argument of a call from Python, and what is wrong with it.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// An argument, by the name of the kernel's parameter.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'c, 'py> {
    pub(crate) name: &'c str,
    pub(crate) value: &'c Bound<'py, PyAny>,
}

/// Why a call gave nothing.
#[derive(Debug)]
pub enum CallError {
    /// The elements of an array are others than those of the kernel: of a generic one the next of
    /// its types may fit.
    Dtype {
        /// The name of the parameter.
        argument: String,
        /// The elements that were given.
        found: String,
        /// The elements that the kernel takes.
        wanted: &'static str,
    },
    /// Anything else, as the exception that is raised.
    Raised(PyErr),
}

impl From<PyErr> for CallError {
    fn from(error: PyErr) -> CallError {
        CallError::Raised(error)
    }
}

impl Argument<'_, '_> {
    /// It is of a type that can't be taken.
    pub(crate) fn wrong_type(&self, text: &str) -> CallError {
        PyTypeError::new_err(format!("argument `{}`: {text}", self.name)).into()
    }

    /// It is of the right type, and can't be taken all the same.
    pub(crate) fn wrong_value(&self, text: &str) -> CallError {
        PyValueError::new_err(format!("argument `{}`: {text}", self.name)).into()
    }

    /// The name of its type, as Python's users write it.
    pub(crate) fn type_name(&self) -> String {
        let ty = self.value.get_type();
        let module = ty.module().map(|name| name.to_string()).unwrap_or_default();
        let name = ty.qualname().map_or_else(|_| "object".to_owned(), |name| name.to_string());
        match module.as_str() {
            "" | "builtins" => name,
            module => format!("{module}.{name}"),
        }
    }
}
