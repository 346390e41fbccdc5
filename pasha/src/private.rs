//! What generated code uses. Not part of the interface: it changes without notice.

pub use std::convert::Infallible;
pub use std::marker::{Copy, Send, Sized, Sync};
pub use std::option::Option::{None, Some};
pub use std::result::Result::{Err, Ok};
pub use std::time::Duration;
pub use std::{compile_error, fmt, unimplemented};

pub use pasha_macros::with_items;

pub use ndarray::{Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn};

pub use crate::array::{
    RaggedArray, SharedArray, SharedArray0, SharedArray1, SharedArray2, SharedArray3, SharedArray4,
    SharedArray5, SharedArray6,
};
pub use crate::context::{Context, GroupContext, Seat, SerialContext, default_context};
pub use crate::element::Element;
pub use crate::error::{Error, Result, in_python};
pub use crate::functor::IntoFunctor;
pub use crate::functor::list::IntoFunctors;
pub use crate::interior::{NotInteriorMutable, Sharing};
pub use crate::kernel::{
    FnKernel, Items, Kernel, KernelError, KernelTypes, PlainKernelTypes, Position, Shapes, SlotsOf,
};
pub use crate::map::bound::BoundKernel;
pub use crate::map::snapshot::Look;
pub use crate::map::{Reported, alloc, report, report_into, run, run_into};
pub use crate::options::AroundForks;
pub use crate::output::index::{PerIndex, PerIndexRow, PerIndexScalar, RaggedOfLengths};
pub use crate::output::list::{List, SpecList};
pub use crate::output::merge;
pub use crate::output::pack::{NoOutput, OneOutput, OneReturned, OutputSet, ReturnedTuple};
pub use crate::output::pushed::Pushed;
pub use crate::output::slots::Slots;
pub use crate::output::worker::{PerWorker, PerWorkerScalar, Reduce, ReduceScalar};
pub use crate::param::{ByRef, ByValue, ItemList, ItemShape, KernelItem, Param, SubView};
#[cfg(feature = "python")]
pub use crate::python;
pub use crate::report::Report;

use crate::element::{Shareable, SharedByValue};

/// Compiles for elements alone.
pub const fn assert_element<A: Element>() {}

/// Compiles for what workers may share alone.
pub const fn assert_shared<T: Shareable + ?Sized>() {}

/// Hands a copy of a shared parameter to a call.
#[inline(always)]
pub fn by_value<T: SharedByValue>(value: &T) -> T {
    *value
}

/// Shows a struct of outputs. Elements need not be `Debug`, so the arrays are left out.
///
/// # Errors
/// What the formatter fails with.
#[inline(never)]
pub fn debug_outputs(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    f.debug_struct(name).finish_non_exhaustive()
}

/// The shape of an item that an output is shaped after.
///
/// # Errors
/// [`Error::UnknownItemShape`].
pub fn known_shape<S>(item: &str, shape: Option<S>) -> Result<S> {
    shape.ok_or_else(|| Error::UnknownItemShape { item: item.to_owned() })
}

/// The dimension of what an output is shaped like.
pub fn like<L: Like + ?Sized>(model: &L) -> L::Dim {
    model.dimension()
}

/// Something that an output can be shaped like.
#[diagnostic::on_unimplemented(
    message = "an output can't be shaped like a `{Self}`",
    note = "`like = …` names an item that is an `ArrayView`, or a `#[shared]` parameter that is an array; for others give `shape = …`"
)]
pub trait Like {
    /// Dimension type.
    type Dim: Dimension;

    /// The shape.
    fn dimension(&self) -> Self::Dim;
}

impl<D: Dimension> Like for ItemShape<D> {
    type Dim = D;

    fn dimension(&self) -> D {
        self.raw_dim()
    }
}

impl<S: ndarray::RawData, D: Dimension> Like for ndarray::ArrayBase<S, D> {
    type Dim = D;

    fn dimension(&self) -> D {
        self.raw_dim()
    }
}

impl<A, D: Dimension> Like for ndarray::ArrayRef<A, D> {
    type Dim = D;

    fn dimension(&self) -> D {
        self.raw_dim()
    }
}

impl<A, D: Dimension> Like for SharedArray<A, D> {
    type Dim = D;

    fn dimension(&self) -> D {
        self.raw_dim()
    }
}

impl<L: Like + ?Sized> Like for &L {
    type Dim = L::Dim;

    fn dimension(&self) -> L::Dim {
        (**self).dimension()
    }
}

/// A number that may be the length of a ragged slot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the length of a ragged slot",
    note = "`ragged = …` takes an integer: convert with `as usize`"
)]
pub trait RaggedLength {
    /// The length.
    ///
    /// # Panics
    /// Panics if it is negative or larger than any memory.
    fn length(self) -> usize;
}

macro_rules! ragged_length {
    ($($integer:ty)+) => {$(
        impl RaggedLength for $integer {
            #[inline]
            #[track_caller]
            #[allow(irrefutable_let_patterns, reason = "some of the integers always fit")]
            fn length(self) -> usize {
                let Ok(length) = usize::try_from(self) else {
                    panic!("a ragged slot can't have {self} elements")
                };
                length
            }
        }
    )+};
}
// Signed ones, too: they are what files hold counts as, and what a number without a type is.
ragged_length!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

/// The length of a ragged slot, of any integer.
///
/// # Panics
/// As [`RaggedLength::length`].
#[track_caller]
pub fn ragged_length(length: impl RaggedLength) -> usize {
    length.length()
}

/// What a kernel with `python` implements for Python, where the feature is on.
#[cfg(feature = "python")]
#[doc(hidden)]
#[macro_export]
macro_rules! __pasha_python_kernel {
    ($($implementation:tt)*) => { $($implementation)* };
}

/// What a kernel with `python` is told where the feature is off.
#[cfg(not(feature = "python"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __pasha_python_kernel {
    ($($implementation:tt)*) => {
        ::std::compile_error!(
            "`#[pasha::kernel(python)]` needs the feature `python` of pasha: `pasha = { version = \
             \"…\", features = [\"python\"] }` in Cargo.toml"
        );
    };
}
pub use __pasha_python_kernel as python_kernel;
