//! Where the elements of an argument come from: an array of NumPy's, a file, a checked copy.

use std::path::PathBuf;

use ndarray::{Array, ArrayView, Dimension};
use numpy::PyUntypedArray;
use pyo3::prelude::*;

use super::argument::{Argument, CallError};
use super::element::PyElement;
use super::errors;
use super::numpy_array::{NumpyArray, check_elements};
use crate::functor::npy::NpyFile;

/// The elements of an argument, held for the time of a call.
pub(crate) enum Source<A: 'static, D: Dimension> {
    Numpy(NumpyArray<A, D>),
    File(NpyFile<A, D>),
    Copy(Array<A, D>),
}

impl<A: PyElement, D: Dimension> Source<A, D> {
    /// Takes an array, or opens the file of a path.
    ///
    /// # Errors
    /// Whatever is wrong with it, by the argument's name.
    pub(crate) fn new(argument: Argument<'_, '_>) -> Result<Self, CallError> {
        let Ok(array) = argument.value.cast::<PyUntypedArray>() else {
            return Self::of_path(argument);
        };
        if !array.is_exact_instance_of::<PyUntypedArray>() && array.hasattr("mask")? {
            return Err(argument.wrong_type(&format!(
                "it is a masked array, whose mask a kernel does not see: give its values, \
                 `{}.filled(value)`",
                argument.name
            )));
        }
        if A::IS_CHECKED {
            return copy_checked(argument, array).map(Source::Copy);
        }
        NumpyArray::new(argument, array).map(Source::Numpy)
    }

    fn of_path(argument: Argument<'_, '_>) -> Result<Self, CallError> {
        let Ok(path) = argument.value.extract::<PathBuf>() else {
            let advice = match argument.value.hasattr("__array__")? {
                true => format!("give its values, `np.asarray({})`", argument.name),
                false => "give an array of NumPy's, or the path of a `.npy` file".to_owned(),
            };
            return Err(argument.wrong_type(&format!(
                "it is of the type {}, and the kernel takes an array of {}: {advice}",
                argument.type_name(),
                A::NAME
            )));
        };
        let py = argument.value.py();
        let file = A::open(&path).map_err(|error| errors::of_argument(py, argument.name, error))?;
        Ok(Source::File(file))
    }

    /// The elements.
    pub(crate) fn view(&self) -> ArrayView<'_, A, D> {
        match self {
            Source::Numpy(array) => array.view(),
            Source::File(file) => file.view(),
            Source::Copy(array) => array.view(),
        }
    }
}

/// A copy of an array of elements for which some bytes are no value.
///
/// It is copied because another thread of Python may write to the array while the kernel reads it,
/// and because the bytes have to be looked at anyhow.
fn copy_checked<A: PyElement, D: Dimension>(
    argument: Argument<'_, '_>,
    array: &Bound<'_, PyUntypedArray>,
) -> Result<Array<A, D>, CallError> {
    check_elements::<A>(argument, array)?;
    let bytes = array.call_method1("view", ("uint8",))?;
    let bytes =
        NumpyArray::<u8, D>::new(argument, bytes.cast::<PyUntypedArray>().map_err(PyErr::from)?)?;
    let mut refused = None;
    let copy = bytes.view().mapv(|byte| {
        A::of_byte(byte).unwrap_or_else(|| {
            refused = Some(byte);
            A::zeroed()
        })
    });
    match refused {
        None => Ok(copy),
        Some(byte) => Err(argument.wrong_value(&format!(
            "it is of bool, but has an element of the byte {byte}, which is neither false (0) nor \
             true (1): give `{}.view('uint8') != 0`",
            argument.name
        ))),
    }
}
