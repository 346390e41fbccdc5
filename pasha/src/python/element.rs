//! Elements that pasha and NumPy both have.

use std::path::Path;

use half::f16;
use ndarray::Dimension;
#[cfg(feature = "hdf5")]
use ndarray::{Array, RemoveAxis};
use num_complex::Complex;

#[cfg(feature = "hdf5")]
use super::argument::{CallError, PyArgument};
#[cfg(feature = "hdf5")]
use super::dataset::DatasetPlace;
#[cfg(feature = "hdf5")]
use super::errors;
#[cfg(feature = "hdf5")]
use super::stored_rows::StoredRows;
use crate::alloc::AllocateLike;
use crate::array::SharedArray;
use crate::context::AnyContext;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::functor::npy::NpyFile;

/// An element of arrays that go from Python to a kernel and back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an element of NumPy's arrays that a kernel can have from Python",
    label = "not a number of NumPy's",
    note = "from Python a kernel has integers of 8 to 64 bits, `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>` and `bool`; give the fields of a struct an array each"
)]
pub trait PyElement: Element + numpy::Element {
    /// NumPy's name of it.
    const NAME: &'static str;

    /// Whether not all bytes are values of it.
    const IS_CHECKED: bool = false;

    /// The value of a byte, of elements that are checked.
    fn of_byte(_byte: u8) -> Option<Self> {
        None
    }

    /// Opens a `.npy` file.
    ///
    /// # Errors
    /// As [`NpyFile::open`].
    fn open<D: Dimension>(path: &Path) -> Result<NpyFile<Self, D>>;

    /// Opens a data set, of which items are lent.
    ///
    /// # Errors
    /// Whatever is wrong with the argument.
    #[cfg(feature = "hdf5")]
    #[doc(hidden)]
    fn lend<D: RemoveAxis<Smaller: 'static> + 'static>(
        place: &DatasetPlace,
        argument: PyArgument<'_, '_>,
    ) -> Result<Box<dyn StoredRows<Self, D>>, CallError>;

    /// Reads a data set into memory.
    ///
    /// # Errors
    /// Whatever is wrong with the argument.
    #[cfg(feature = "hdf5")]
    #[doc(hidden)]
    fn load<D: Dimension>(
        place: &DatasetPlace,
        argument: PyArgument<'_, '_>,
    ) -> Result<Array<Self, D>, CallError>;

    /// Makes an array like this one in a `.npy` file.
    ///
    /// # Errors
    /// As [`AllocBuilder::build`](crate::alloc::AllocBuilder::build).
    fn create<D: Dimension>(
        context: &AnyContext,
        model: &SharedArray<Self, D>,
        path: &Path,
    ) -> Result<SharedArray<Self, D>>;
}

/// What elements do that `.npy` files have.
macro_rules! in_files {
    () => {
        fn open<D: Dimension>(path: &Path) -> Result<NpyFile<Self, D>> {
            NpyFile::open(path)
        }

        fn create<D: Dimension>(
            context: &AnyContext,
            model: &SharedArray<Self, D>,
            path: &Path,
        ) -> Result<SharedArray<Self, D>> {
            context.alloc_like(model).file(path).build()
        }

        #[cfg(feature = "hdf5")]
        fn lend<D: RemoveAxis<Smaller: 'static> + 'static>(
            place: &DatasetPlace,
            argument: PyArgument<'_, '_>,
        ) -> Result<Box<dyn StoredRows<Self, D>>, CallError> {
            Ok(Box::new(place.open::<Self, D>(argument.0, Self::NAME)?))
        }

        #[cfg(feature = "hdf5")]
        fn load<D: Dimension>(
            place: &DatasetPlace,
            argument: PyArgument<'_, '_>,
        ) -> Result<Array<Self, D>, CallError> {
            let opened = place.open::<Self, D>(argument.0, Self::NAME)?;
            let py = argument.0.value.py();
            opened.load().map_err(|error| errors::of_argument(py, argument.0.name, error).into())
        }
    };
}

macro_rules! elements {
    ($($element:ty, $name:literal;)+) => {$(
        impl PyElement for $element {
            const NAME: &'static str = $name;

            in_files!();
        }
    )+};
}
elements! {
    u8, "uint8";
    u16, "uint16";
    u32, "uint32";
    u64, "uint64";
    i8, "int8";
    i16, "int16";
    i32, "int32";
    i64, "int64";
    f16, "float16";
    f32, "float32";
    f64, "float64";
    Complex<f32>, "complex64";
    Complex<f64>, "complex128";
}

impl PyElement for bool {
    const NAME: &'static str = "bool";
    const IS_CHECKED: bool = true;

    fn of_byte(byte: u8) -> Option<bool> {
        match byte {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    in_files!();
}

/// Integers as wide as an address, which files have as those of 64 bits.
macro_rules! sizes {
    ($($element:ty, $name:literal, $stored:literal;)+) => {$(
        impl PyElement for $element {
            const NAME: &'static str = $name;

            fn open<D: Dimension>(path: &Path) -> Result<NpyFile<Self, D>> {
                Err(not_in_files(
                    path,
                    concat!(
                        "no file has elements of this kernel's type: make its parameter of `",
                        $stored, "`, or give the array, `np.load(path)`"
                    ),
                ))
            }

            #[cfg(feature = "hdf5")]
            fn lend<D: RemoveAxis<Smaller: 'static> + 'static>(
                _place: &DatasetPlace,
                argument: PyArgument<'_, '_>,
            ) -> Result<Box<dyn StoredRows<Self, D>>, CallError> {
                Err(no_dataset(argument, $stored))
            }

            #[cfg(feature = "hdf5")]
            fn load<D: Dimension>(
                _place: &DatasetPlace,
                argument: PyArgument<'_, '_>,
            ) -> Result<Array<Self, D>, CallError> {
                Err(no_dataset(argument, $stored))
            }

            fn create<D: Dimension>(
                _context: &AnyContext,
                _model: &SharedArray<Self, D>,
                path: &Path,
            ) -> Result<SharedArray<Self, D>> {
                Err(not_in_files(
                    path,
                    concat!(
                        "no file has elements of this kernel's type: make its output of `",
                        $stored, "`"
                    ),
                ))
            }
        }
    )+};
}
sizes! {
    usize, "uint64", "u64";
    isize, "int64", "i64";
}

#[cfg(feature = "hdf5")]
fn no_dataset(argument: PyArgument<'_, '_>, stored: &str) -> CallError {
    argument.0.wrong_type(&format!(
        "no file has elements of this kernel's type: make its parameter of `{stored}`, or give an \
         array"
    ))
}

fn not_in_files(path: &Path, advice: &str) -> Error {
    Error::Argument {
        argument: "the path of a file".to_owned(),
        value: path.display().to_string(),
        advice: advice.to_owned(),
    }
}
