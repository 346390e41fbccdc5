//! What the attribute tells of a kernel in words.

use pyo3::prelude::*;

use super::argument::CallError;
use super::item::PyItem;
use super::shared::{PyShared, PyValue};

/// What a call gives.
pub type Called = Result<Py<PyAny>, CallError>;

/// A kernel in words.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The name of the function.
    pub name: &'static str,
    /// Its documentation.
    pub documentation: &'static str,
    /// The arguments of its runs, in order.
    pub parameters: &'static [Parameter],
    /// The name of the struct of outputs, where there is one.
    pub class: Option<&'static str>,
    /// The names of the outputs that are parameters.
    pub outputs: &'static [&'static str],
    /// Whether it returns something.
    pub returns: bool,
    /// Whether what it returns is a tuple.
    pub returns_tuple: bool,
    /// The types of all outputs in a stub file.
    pub types: fn() -> Vec<String>,
}

/// An argument of a kernel's runs, in words.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub describe: fn() -> String,
    /// Whether items are read from it.
    pub is_item: bool,
}

/// The source of items.
pub const fn item<P: PyItem>(name: &'static str) -> Parameter {
    Parameter { name, describe: P::describe, is_item: true }
}

/// A shared parameter that borrows.
pub const fn shared<S: PyShared>(name: &'static str) -> Parameter {
    Parameter { name, describe: S::describe, is_item: false }
}

/// A shared parameter by value.
pub const fn value<V: PyValue>(name: &'static str) -> Parameter {
    Parameter { name, describe: V::describe, is_item: false }
}
