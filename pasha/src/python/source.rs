//! Where the elements of an argument come from: an array of NumPy's, a file, a checked copy.

use std::path::{Path, PathBuf};

use ndarray::{Array, ArrayView, Dimension};
use numpy::PyUntypedArray;
use pyo3::prelude::*;
use pyo3::types::PyDict;

#[cfg(feature = "hdf5")]
use super::argument::PyArgument;
use super::argument::{Argument, CallError};
use super::dataset::DatasetPlace;
use super::element::PyElement;
use super::errors;
use super::numpy_array::{NumpyArray, check_elements};
use crate::error::Error;
use crate::functor::npy::NpyFile;

/// The elements of an argument, held for the time of a call.
pub(crate) enum Source<A: 'static, D: Dimension> {
    Numpy(NumpyArray<A, D>),
    File(NpyFile<A, D>),
    Copy(Array<A, D>),
}

impl<A: PyElement, D: Dimension> Source<A, D> {
    /// Takes an array, opens the file of a path, or reads a data set into memory.
    ///
    /// # Errors
    /// Whatever is wrong with it, by the argument's name.
    pub(crate) fn new(argument: Argument<'_, '_>) -> Result<Self, CallError> {
        let Ok(array) = argument.value.cast::<PyUntypedArray>() else {
            return match DatasetPlace::of(argument)? {
                Some(place) => Self::of_dataset(&place, argument),
                None => Self::of_path(argument),
            };
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
                false => {
                    "give an array of NumPy's, the path of a `.npy` file, or a data set of an \
                          HDF5 file, `(path, name)`"
                        .to_owned()
                }
            };
            return Err(argument.wrong_type(&format!(
                "it is of the type {}, and the kernel takes an array of {}: {advice}",
                argument.type_name(),
                A::NAME
            )));
        };
        let py = argument.value.py();
        // Bytes of bools could be read as they are, which nobody has asked for.
        let is_bool = A::NAME == u8::NAME && dtype_of(py, &path).as_deref() == Some(bool::NAME);
        if is_bool {
            let advice = format!("give an array, `np.load(path).view('{}')`", A::NAME);
            return Err(argument.wrong_elements(bool::NAME.to_owned(), A::NAME, advice));
        }
        A::open(&path).map(Source::File).map_err(|error| {
            let found = matches!(error, Error::Npy(_)).then(|| dtype_of(py, &path)).flatten();
            match found.filter(|found| found != A::NAME) {
                Some(found) => {
                    let advice = format!("give an array, `np.load(path).astype('{}')`", A::NAME);
                    argument.wrong_elements(found, A::NAME, advice)
                }
                None => errors::of_argument(py, argument.name, error).into(),
            }
        })
    }

    #[cfg(feature = "hdf5")]
    fn of_dataset(place: &DatasetPlace, argument: Argument<'_, '_>) -> Result<Self, CallError> {
        A::load(place, PyArgument(argument)).map(Source::Copy)
    }

    #[cfg(not(feature = "hdf5"))]
    fn of_dataset(place: &DatasetPlace, argument: Argument<'_, '_>) -> Result<Self, CallError> {
        Err(place.refused(argument))
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

/// What NumPy calls the elements of a file that it can open.
fn dtype_of(py: Python<'_>, path: &Path) -> Option<String> {
    let read_only = PyDict::new(py);
    read_only.set_item("mmap_mode", "r").ok()?;
    let array = py.import("numpy").ok()?.call_method("load", (path,), Some(&read_only)).ok()?;
    array.getattr("dtype").ok()?.getattr("name").ok()?.extract().ok()
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
