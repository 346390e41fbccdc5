//! Kernels as functions of Python, on NumPy's arrays.
//!
//! The way of a call: `module` makes a function of Python's for each kernel, which hands its
//! arguments to a [`Call`]; that gives each argument to the trait of its parameter's type (`item`,
//! `shared`), which holds the memory (`source`, `numpy_array`, `claims`); the map runs without
//! Python's lock; its outputs become arrays of NumPy's that own their memory (`output`).

mod argument;
mod call;
mod claims;
mod contexts;
mod dataset;
mod description;
mod element;
mod errors;
mod interpreter;
mod interrupt;
mod item;
mod kernel;
mod module;
mod numpy_array;
mod options;
mod out;
mod output;
mod outputs;
mod progress;
mod report;
mod rows;
mod shared;
mod source;
#[cfg(feature = "hdf5")]
mod stored_rows;

pub use argument::{CallError, PyArgument};
pub use call::Call;
pub use dataset::DatasetPlace;
pub use description::{Called, Description, Parameter, item, shared, value};
pub use element::PyElement;
pub use item::{HeldArray, HeldItem, PyItem};
pub use kernel::{PyKernel, PyNumber};
pub use module::{Entry, fill};
pub use output::Home;
pub use outputs::{GivenOutput, Makers, NoTypes, PyOutput, PyOutputs, TypesOf};
pub use rows::{HeldRows, RowsReader};
pub use shared::{PyShared, PyValue};

pub use pyo3;
