//! One argument of a call from Python, and what is wrong with it.

use std::fmt;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// An argument, by the name of the kernel's parameter.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'c, 'py> {
    pub(crate) name: &'c str,
    pub(crate) value: &'c Bound<'py, PyAny>,
}

/// An argument, as it goes from a call to the trait of its type.
#[derive(Clone, Copy)]
pub struct PyArgument<'c, 'py>(pub(crate) Argument<'c, 'py>);

impl fmt::Debug for PyArgument<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PyArgument({:?})", self.0.name)
    }
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
        /// What to do.
        advice: String,
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

    /// Its elements are others than those that the kernel takes.
    pub(crate) fn wrong_elements(
        &self,
        found: String,
        wanted: &'static str,
        advice: String,
    ) -> CallError {
        CallError::Dtype { argument: self.name.to_owned(), found, wanted, advice }
    }

    /// It has a number of axes that the kernel does not take.
    pub(crate) fn wrong_axes(&self, shape: &[usize], wanted: Option<usize>) -> CallError {
        let axes = |axes: usize| format!("{axes} {}", if axes == 1 { "axis" } else { "axes" });
        self.wrong_value(&format!(
            "it has {}, of shape {}, but the kernel takes {}",
            axes(shape.len()),
            shape_in_words(shape),
            wanted.map_or("another number".to_owned(), axes)
        ))
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

/// A shape as Python shows it.
pub(crate) fn shape_in_words(shape: &[usize]) -> String {
    let numbers: Vec<String> = shape.iter().map(ToString::to_string).collect();
    match numbers.as_slice() {
        [only] => format!("({only},)"),
        all => format!("({})", all.join(", ")),
    }
}
