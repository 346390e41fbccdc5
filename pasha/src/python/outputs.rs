//! All outputs of a kernel: a list of them goes to Python, or comes from there to be written again.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use half::f16;
use ndarray::Dimension;
use num_complex::Complex;
use pyo3::prelude::*;

use super::argument::{Argument, CallError};
use super::element::PyElement;
use super::output::{self, Home};
use crate::array::{RaggedArray, SharedArray};
use crate::context::AnyContext;
use crate::error::{Error, Result};
use crate::output::list::List;
use crate::output::pack::OutputSet;

/// An output that a kernel can give to Python.
#[diagnostic::on_unimplemented(
    message = "a kernel with `python` can't give a `{Self}`",
    label = "no array that NumPy has",
    note = "outputs for Python have integers of 8 to 64 bits, `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>` and `bool`; give the fields of a struct an output each"
)]
pub trait PyOutput: Sized + Send + 'static {
    /// What it is given back to, where it was taken from Python.
    type Home: Send;

    /// Its type in a stub file.
    #[doc(hidden)]
    fn stub() -> String;

    /// Makes an object of Python's of it.
    #[doc(hidden)]
    fn give(self, py: Python<'_>, make: &Makers) -> PyResult<Py<PyAny>>;

    /// Takes it from Python.
    #[doc(hidden)]
    fn take(argument: GivenOutput<'_, '_>) -> Result<(Self, Self::Home), CallError>;

    /// Gives it back to where it was taken from.
    #[doc(hidden)]
    fn put_back(self, py: Python<'_>, home: Self::Home) -> PyResult<Py<PyAny>>;

    /// Moves it out, and leaves something without elements.
    #[doc(hidden)]
    fn move_out(&mut self) -> Option<Self>;

    /// Replaces it by one in a file.
    #[doc(hidden)]
    fn lay_into(&mut self, path: &Path, _context: &AnyContext) -> Result<()> {
        Err(Error::Argument {
            argument: "`out`".to_owned(),
            value: path.display().to_string(),
            advice: "arrays alone lie in files, no ragged ones and no numbers: leave it out"
                .to_owned(),
        })
    }
}

/// An output that was given to be written again.
#[derive(Clone, Copy)]
pub struct GivenOutput<'c, 'py>(pub(crate) Argument<'c, 'py>);

impl std::fmt::Debug for GivenOutput<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GivenOutput({:?})", self.0.name)
    }
}

/// What makes the objects of Python's that outputs become.
#[derive(Debug)]
pub struct Makers {
    /// Makes a ragged array of its values and offsets.
    pub(crate) ragged: Py<PyAny>,
}

impl<A: PyElement, D: Dimension + 'static> PyOutput for SharedArray<A, D> {
    type Home = Home;

    fn stub() -> String {
        let name = if A::IS_CHECKED { "bool_" } else { A::NAME };
        format!("npt.NDArray[np.{name}]")
    }

    fn give(self, py: Python<'_>, _make: &Makers) -> PyResult<Py<PyAny>> {
        output::give(py, self).map(Bound::unbind)
    }

    fn take(argument: GivenOutput<'_, '_>) -> Result<(Self, Home), CallError> {
        output::take(argument.0)
    }

    fn put_back(self, py: Python<'_>, home: Home) -> PyResult<Py<PyAny>> {
        Ok(home.put_back(py, self))
    }

    fn move_out(&mut self) -> Option<Self> {
        let stand_in = output::stand_in(self.ndim())?;
        Some(std::mem::replace(self, stand_in))
    }

    fn lay_into(&mut self, path: &Path, context: &AnyContext) -> Result<()> {
        *self = A::create(context, self, path)?;
        Ok(())
    }
}

impl<A: PyElement> PyOutput for RaggedArray<A> {
    type Home = ();

    fn stub() -> String {
        "Ragged".to_owned()
    }

    fn give(self, py: Python<'_>, make: &Makers) -> PyResult<Py<PyAny>> {
        let (offsets, values) = self.into_parts();
        let (values, offsets) = (output::give(py, values)?, output::give(py, offsets)?);
        make.ragged.call1(py, (values, offsets))
    }

    fn take(argument: GivenOutput<'_, '_>) -> Result<(Self, ()), CallError> {
        Err(argument.0.wrong_value(
            "a ragged output can't be written again, since its slots may need more memory than \
             they have: leave `out` out",
        ))
    }

    fn put_back(self, py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
        Ok(py.None())
    }

    fn move_out(&mut self) -> Option<Self> {
        let offsets = SharedArray::from_array(&ndarray::arr1(&[0])).ok()?;
        let empty = RaggedArray::new(offsets, output::stand_in(1)?);
        Some(std::mem::replace(self, empty))
    }
}

macro_rules! scalars {
    ($($class:literal: $($scalar:ty, |$value:ident| $given:expr;)+)+) => {$($(
        impl PyOutput for $scalar {
            type Home = ();

            fn stub() -> String {
                $class.to_owned()
            }

            fn give(self, py: Python<'_>, _make: &Makers) -> PyResult<Py<PyAny>> {
                let $value = self;
                Ok($given.into_pyobject(py)?.to_owned().into_any().unbind())
            }

            fn take(_argument: GivenOutput<'_, '_>) -> Result<(Self, ()), CallError> {
                Ok((bytemuck::Zeroable::zeroed(), ()))
            }

            fn put_back(self, py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
                let $value = self;
                Ok($given.into_pyobject(py)?.to_owned().into_any().unbind())
            }

            fn move_out(&mut self) -> Option<Self> {
                Some(*self)
            }
        }
    )+)+};
}
scalars! {
    "int":
    u8, |value| value; u16, |value| value; u32, |value| value; u64, |value| value;
    i8, |value| value; i16, |value| value; i32, |value| value; i64, |value| value;
    usize, |value| value; isize, |value| value;
    "float":
    f32, |value| value; f64, |value| value;
    f16, |value| value.to_f32();
    "bool":
    bool, |value| value;
    "complex":
    Complex<f32>, |value| value; Complex<f64>, |value| value;
}

/// A list of outputs, nested as kernels have them.
pub trait PyOutputs: List + Send + 'static {
    /// What they are given back to.
    type Homes: Send;

    /// Their types in a stub file.
    #[doc(hidden)]
    fn stubs(types: &mut Vec<String>);

    /// Moves all out of where they are, and makes objects of Python's of them.
    #[doc(hidden)]
    fn give(
        outputs: Self::Mut<'_>,
        py: Python<'_>,
        make: &Makers,
        given: &mut Vec<Py<PyAny>>,
    ) -> PyResult<()>;

    /// Takes all from Python, or none.
    #[doc(hidden)]
    fn take(arguments: &[GivenOutput<'_, '_>]) -> Result<(Self, Self::Homes), CallError>;

    /// Gives all back to where they were taken from, as far as they can be moved.
    #[doc(hidden)]
    fn put_back(
        outputs: Self::Mut<'_>,
        py: Python<'_>,
        homes: Self::Homes,
        given: &mut Vec<Py<PyAny>>,
    ) -> PyResult<bool>;

    /// Replaces those that have a path by arrays in files.
    #[doc(hidden)]
    fn lay_into(
        outputs: Self::Mut<'_>,
        paths: &mut dyn Iterator<Item = Option<PathBuf>>,
        context: &AnyContext,
    ) -> Result<()>;
}

impl PyOutputs for () {
    type Homes = ();

    fn stubs(_types: &mut Vec<String>) {}

    fn give((): (), _: Python<'_>, _: &Makers, _: &mut Vec<Py<PyAny>>) -> PyResult<()> {
        Ok(())
    }

    fn take(_arguments: &[GivenOutput<'_, '_>]) -> Result<((), ()), CallError> {
        Ok(((), ()))
    }

    fn put_back((): (), _: Python<'_>, (): (), _: &mut Vec<Py<PyAny>>) -> PyResult<bool> {
        Ok(true)
    }

    fn lay_into(
        (): (),
        _: &mut dyn Iterator<Item = Option<PathBuf>>,
        _: &AnyContext,
    ) -> Result<()> {
        Ok(())
    }
}

impl<A: PyOutput, L: PyOutputs> PyOutputs for (A, L) {
    type Homes = (A::Home, L::Homes);

    fn stubs(types: &mut Vec<String>) {
        types.push(A::stub());
        L::stubs(types);
    }

    fn give(
        (output, rest): (&mut A, L::Mut<'_>),
        py: Python<'_>,
        make: &Makers,
        given: &mut Vec<Py<PyAny>>,
    ) -> PyResult<()> {
        let output = output.move_out().ok_or_else(no_memory)?;
        given.push(output.give(py, make)?);
        L::give(rest, py, make, given)
    }

    fn take(arguments: &[GivenOutput<'_, '_>]) -> Result<(Self, Self::Homes), CallError> {
        let [argument, rest @ ..] = arguments else {
            return Err(pyo3::exceptions::PyValueError::new_err("`out` is too short").into());
        };
        let (output, home) = A::take(*argument)?;
        match L::take(rest) {
            Ok((rest, homes)) => Ok(((output, rest), (home, homes))),
            Err(error) => {
                output.put_back(argument.0.value.py(), home)?;
                Err(error)
            }
        }
    }

    fn put_back(
        (output, rest): (&mut A, L::Mut<'_>),
        py: Python<'_>,
        (home, homes): (A::Home, L::Homes),
        given: &mut Vec<Py<PyAny>>,
    ) -> PyResult<bool> {
        let moved = match output.move_out() {
            None => false,
            Some(output) => {
                given.push(output.put_back(py, home)?);
                true
            }
        };
        Ok(L::put_back(rest, py, homes, given)? && moved)
    }

    fn lay_into(
        (output, rest): (&mut A, L::Mut<'_>),
        paths: &mut dyn Iterator<Item = Option<PathBuf>>,
        context: &AnyContext,
    ) -> Result<()> {
        if let Some(Some(path)) = paths.next() {
            output.lay_into(&path, context)?;
        }
        L::lay_into(rest, paths, context)
    }
}

/// Tells the types in a stub file of a kernel's outputs.
#[derive(Debug)]
pub struct TypesOf<S>(PhantomData<S>);

impl<S: OutputSet<Arrays: PyOutputs>> TypesOf<S> {
    /// In the order in which a call gives the outputs.
    pub fn of_outputs() -> Vec<String> {
        let mut types = Vec::new();
        S::Arrays::stubs(&mut types);
        types
    }
}

/// What is called of [`TypesOf`] outputs that Python can't have: what is wrong with them is said
/// once, where the kernel is run.
pub trait NoTypes {
    /// None.
    fn of_outputs() -> Vec<String> {
        Vec::new()
    }
}

impl<T> NoTypes for T {}

fn no_memory() -> PyErr {
    pyo3::exceptions::PyMemoryError::new_err("there is no memory for an empty array")
}

/// Outputs that were taken from Python for a map, and are given back whatever becomes of it.
pub(crate) struct Taken<S: OutputSet<Arrays: PyOutputs>> {
    /// `None` once they are given back.
    held: Option<(S::Out, <S::Arrays as PyOutputs>::Homes)>,
}

impl<S: OutputSet<Arrays: PyOutputs>> Taken<S> {
    pub(crate) fn new(arguments: &[GivenOutput<'_, '_>]) -> Result<Self, CallError> {
        let (arrays, homes) = S::Arrays::take(arguments)?;
        Ok(Taken { held: Some((S::pack(arrays), homes)) })
    }

    pub(crate) fn out(&mut self) -> Option<&mut S::Out> {
        self.held.as_mut().map(|(out, _)| out)
    }

    /// Gives all back.
    pub(crate) fn put_back(&mut self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let mut given = Vec::new();
        if let Some((out, homes)) = self.held.take() {
            let mut out = std::mem::ManuallyDrop::new(out);
            // Where one can't be moved out, nothing of them is ever freed: NumPy has its address.
            if S::Arrays::put_back(S::arrays_mut(&mut out), py, homes, &mut given)? {
                drop(std::mem::ManuallyDrop::into_inner(out));
            }
        }
        Ok(given)
    }
}

impl<S: OutputSet<Arrays: PyOutputs>> Drop for Taken<S> {
    fn drop(&mut self) {
        // Of a map that has failed or panicked; Python's lock is held here.
        Python::attach(|py| drop(self.put_back(py)));
    }
}
