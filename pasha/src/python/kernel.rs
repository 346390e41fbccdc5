//! What the attribute tells of a kernel, for Python.

use super::argument::CallError;
use super::call::Call;
use super::element::PyElement;
use super::item::PyItem;
use super::outputs::PyOutput;
use super::shared::{PyShared, PyValue};
use pyo3::prelude::*;

/// What a call gives.
pub type Called = Result<Py<PyAny>, CallError>;

/// A kernel with the option `python`, of the types `T` of its type parameters: `()` where it has
/// none, a tuple where it has several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kernel that Python can call with the types `{T}`",
    label = "no such kernel",
    note = "write `#[pasha::kernel(python)]` at its function; of a kernel with type parameters list the types, `{Self}: [f32, f64]`, or tuples of them, `{Self}: [(f32, u16)]`"
)]
pub trait PyKernel<T> {
    /// What it is called, and what it takes and gives.
    const KERNEL: Description;

    /// Runs it with the arguments of a call.
    ///
    /// # Errors
    /// Whatever is wrong with the arguments, or keeps the map from finishing.
    fn call(call: &Call<'_, '_>) -> Called;
}

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

/// What may stand for a type parameter of a kernel: a number, wherever it appears.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't stand for a type parameter of a kernel with `python`",
    label = "not a number of NumPy's",
    note = "from Python the types of a generic kernel are integers of 8 to 64 bits, `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>` and `bool`"
)]
pub trait PyNumber: PyElement + PyValue + PyOutput {}

#[diagnostic::do_not_recommend]
impl<T: PyElement + PyValue + PyOutput> PyNumber for T {}
