//! Shared parameters: numbers, texts and arrays that all calls of a kernel read.

use std::borrow::Cow;

use half::f16;
use ndarray::{Array, ArrayBase, ArrayRef, ArrayView, Dimension, Ix1, ViewRepr};
use num_complex::Complex;
use pyo3::prelude::*;

use super::argument::{CallError, PyArgument};
use super::element::PyElement;
use super::item::{HeldArray, describe};
use super::source::Source;

/// A shared parameter by value that a kernel can have from Python.
#[diagnostic::on_unimplemented(
    message = "a kernel with `python` can't take a shared `{Self}`",
    label = "no value that Python has",
    note = "from Python a shared parameter is a number, a `bool`, an `Option` of these, `&str`, `&ArrayRef2<f32>` or `ArrayView2<f32>` (an array, without a copy), `&Array2<f32>`, `&[f32]` or `&Vec<f32>` (a copy where it needs one)"
)]
pub trait PyValue: Copy + Sync {
    /// What the argument is, in words.
    fn describe() -> String;

    /// Takes the argument.
    ///
    /// # Errors
    /// If it is no such value.
    fn of(argument: PyArgument<'_, '_>) -> Result<Self, CallError>;
}

macro_rules! values {
    ($($value:ty, $words:literal;)+) => {$(
        impl PyValue for $value {
            fn describe() -> String {
                $words.to_owned()
            }

            fn of(argument: PyArgument<'_, '_>) -> Result<Self, CallError> {
                argument.0.value.extract().map_err(|error: PyErr| {
                    let reason = error.value(argument.0.value.py()).to_string();
                    argument.0.wrong_type(&format!(
                        "it is of the type {}, and the kernel takes {} ({}): {reason}",
                        argument.0.type_name(), $words, stringify!($value)
                    ))
                })
            }
        }
    )+};
}
values! {
    u8, "int"; u16, "int"; u32, "int"; u64, "int"; usize, "int";
    i8, "int"; i16, "int"; i32, "int"; i64, "int"; isize, "int";
    f32, "float"; f64, "float"; bool, "bool";
    Complex<f32>, "complex"; Complex<f64>, "complex";
}

impl PyValue for f16 {
    fn describe() -> String {
        f32::describe()
    }

    fn of(argument: PyArgument<'_, '_>) -> Result<Self, CallError> {
        f32::of(argument).map(f16::from_f32)
    }
}

impl<T: PyValue> PyValue for Option<T> {
    fn describe() -> String {
        format!("{} or None", T::describe())
    }

    fn of(argument: PyArgument<'_, '_>) -> Result<Self, CallError> {
        match argument.0.value.is_none() {
            true => Ok(None),
            false => T::of(argument).map(Some),
        }
    }
}

/// A shared parameter that borrows from what holds it.
#[diagnostic::on_unimplemented(
    message = "a kernel with `python` can't take a shared `{Self}`",
    label = "not made of what Python has",
    note = "from Python a shared parameter is a number, a `bool`, an `Option` of these, `&str`, `&ArrayRef2<f32>` or `ArrayView2<f32>` (an array, without a copy), `&Array2<f32>`, `&[f32]` or `&Vec<f32>` (a copy where it needs one)"
)]
pub trait PyShared {
    /// What holds the argument while the map runs.
    type Held;

    /// What it lends of itself.
    type Lent<'h>;

    /// The parameter.
    type Shared<'l>;

    /// What the argument is, in words.
    fn describe() -> String;

    /// Takes the argument.
    #[doc(hidden)]
    fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError>;

    /// Lends the argument.
    fn lend(held: &Self::Held) -> Self::Lent<'_>;

    /// Gives the parameter.
    fn get<'l>(lent: &'l Self::Lent<'_>) -> Self::Shared<'l>;
}

impl<A: PyElement, D: Dimension + 'static> PyShared for ArrayBase<ViewRepr<&'static A>, D, A> {
    type Held = HeldArray<A, D>;
    type Lent<'h> = ArrayView<'h, A, D>;
    type Shared<'l> = ArrayView<'l, A, D>;

    fn describe() -> String {
        describe::<A, D>()
    }

    fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError> {
        Source::new(argument.0).map(HeldArray)
    }

    fn lend(held: &Self::Held) -> ArrayView<'_, A, D> {
        held.0.view()
    }

    fn get<'l>(lent: &'l ArrayView<'_, A, D>) -> ArrayView<'l, A, D> {
        lent.view()
    }
}

impl<A: PyElement, D: Dimension + 'static> PyShared for &'static ArrayRef<A, D> {
    type Held = HeldArray<A, D>;
    type Lent<'h> = ArrayView<'h, A, D>;
    type Shared<'l> = &'l ArrayRef<A, D>;

    fn describe() -> String {
        describe::<A, D>()
    }

    fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError> {
        Source::new(argument.0).map(HeldArray)
    }

    fn lend(held: &Self::Held) -> ArrayView<'_, A, D> {
        held.0.view()
    }

    fn get<'l>(lent: &'l ArrayView<'_, A, D>) -> &'l ArrayRef<A, D> {
        lent
    }
}

impl<A: PyElement, D: Dimension + 'static> PyShared for &'static Array<A, D> {
    type Held = Array<A, D>;
    type Lent<'h> = &'h Array<A, D>;
    type Shared<'l> = &'l Array<A, D>;

    fn describe() -> String {
        describe::<A, D>()
    }

    fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError> {
        Ok(match Source::new(argument.0)? {
            Source::Copy(array) => array,
            source => source.view().to_owned(),
        })
    }

    fn lend(held: &Self::Held) -> &Array<A, D> {
        held
    }

    fn get<'l>(lent: &'l &Array<A, D>) -> &'l Array<A, D> {
        lent
    }
}

impl<A: PyElement> PyShared for &'static [A] {
    type Held = HeldArray<A, Ix1>;
    type Lent<'h> = Cow<'h, [A]>;
    type Shared<'l> = &'l [A];

    fn describe() -> String {
        describe::<A, Ix1>()
    }

    fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError> {
        Source::new(argument.0).map(HeldArray)
    }

    fn lend(held: &Self::Held) -> Cow<'_, [A]> {
        let view = held.0.view();
        view.to_slice().map_or_else(|| Cow::Owned(view.to_vec()), Cow::Borrowed)
    }

    fn get<'l>(lent: &'l Cow<'_, [A]>) -> &'l [A] {
        lent
    }
}

impl<A: PyElement> PyShared for &'static Vec<A> {
    type Held = Vec<A>;
    type Lent<'h> = &'h Vec<A>;
    type Shared<'l> = &'l Vec<A>;

    fn describe() -> String {
        describe::<A, Ix1>()
    }

    fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError> {
        Ok(Source::<A, Ix1>::new(argument.0)?.view().to_vec())
    }

    fn lend(held: &Self::Held) -> &Vec<A> {
        held
    }

    fn get<'l>(lent: &'l &Vec<A>) -> &'l Vec<A> {
        lent
    }
}

impl PyShared for &'static str {
    type Held = String;
    type Lent<'h> = &'h str;
    type Shared<'l> = &'l str;

    fn describe() -> String {
        "str".to_owned()
    }

    fn hold(argument: PyArgument<'_, '_>) -> Result<String, CallError> {
        argument.0.value.extract().map_err(|_: PyErr| {
            argument.0.wrong_type(&format!(
                "it is of the type {}, and the kernel takes a str",
                argument.0.type_name()
            ))
        })
    }

    fn lend(held: &String) -> &str {
        held
    }

    fn get<'l>(lent: &'l &str) -> &'l str {
        lent
    }
}
