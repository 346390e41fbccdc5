//! The items of a kernel: which arguments they are read from.

use ndarray::{ArrayView, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn};

use super::argument::{CallError, PyArgument};
use super::element::PyElement;
use super::rows::HeldRows;
use super::source::Source;
use crate::functor::IntoFunctor;
use crate::param::{ByRef, ByValue, Param, SubView};

/// A kind of item that a kernel can have from Python.
#[diagnostic::on_unimplemented(
    message = "a kernel with `python` can't take items of the kind `{Self}`",
    label = "no item of an array of NumPy's",
    note = "from Python items are numbers (`value: f64`), references to them, and array views (`frame: ArrayView2<u16>`) with up to 5 axes"
)]
pub trait PyItem: Param + Sized {
    /// What holds the argument while the map runs.
    type Held: HeldItem<Self>;

    /// What the argument is, in words.
    fn describe() -> String;

    /// Takes the argument.
    #[doc(hidden)]
    fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError>;
}

/// An argument that is held, of which items are read.
pub trait HeldItem<P: Param> {
    /// The functor.
    type Functor<'h>: IntoFunctor<P> + Clone + Send
    where
        Self: 'h;

    /// Gives the functor.
    fn functor(&self) -> Self::Functor<'_>;

    /// How many bytes the items have.
    fn size(&self) -> usize;
}

/// An argument that holds elements `A` in `D` axes.
pub struct HeldArray<A: 'static, D: Dimension>(pub(crate) Source<A, D>);

impl<A, D: Dimension> std::fmt::Debug for HeldArray<A, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldArray").finish_non_exhaustive()
    }
}

/// An array in words: `array of uint16 with 3 axes`.
pub(crate) fn describe<A: PyElement, D: Dimension>() -> String {
    match D::NDIM {
        Some(1) => format!("array of {} with 1 axis", A::NAME),
        Some(axes) => format!("array of {} with {axes} axes", A::NAME),
        None => format!("array of {}", A::NAME),
    }
}

macro_rules! of_one_axis {
    ($($kind:ident)+) => {$(
        impl<A: PyElement> PyItem for $kind<A> {
            type Held = HeldArray<A, Ix1>;

            fn describe() -> String {
                describe::<A, Ix1>()
            }

            fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError> {
                Source::new(argument.0).map(HeldArray)
            }
        }

        impl<A: PyElement> HeldItem<$kind<A>> for HeldArray<A, Ix1> {
            type Functor<'h> = ArrayView<'h, A, Ix1>;

            fn functor(&self) -> ArrayView<'_, A, Ix1> {
                self.0.view()
            }

            fn size(&self) -> usize {
                size_of::<A>() * self.0.view().len()
            }
        }
    )+};
}
of_one_axis!(ByValue ByRef);

macro_rules! of_more_axes {
    ($($item:ident in $array:ident;)+) => {$(
        impl<A: PyElement> PyItem for SubView<A, $item> {
            type Held = HeldRows<A, $array>;

            fn describe() -> String {
                describe::<A, $array>()
            }

            fn hold(argument: PyArgument<'_, '_>) -> Result<Self::Held, CallError> {
                HeldRows::new(argument.0)
            }
        }

        impl<A: PyElement> HeldItem<SubView<A, $item>> for HeldRows<A, $array> {
            type Functor<'h> = &'h HeldRows<A, $array>;

            fn functor(&self) -> &HeldRows<A, $array> {
                self
            }

            fn size(&self) -> usize {
                HeldRows::size(self)
            }
        }
    )+};
}
of_more_axes! {
    Ix0 in Ix1;
    Ix1 in Ix2;
    Ix2 in Ix3;
    Ix3 in Ix4;
    Ix4 in Ix5;
    Ix5 in Ix6;
    IxDyn in IxDyn;
}
