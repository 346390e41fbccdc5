//! What the attribute implements for a kernel that Python calls.

use super::call::Call;
use super::description::{Called, Description};
use super::element::PyElement;
use super::outputs::PyOutput;
use super::shared::PyValue;

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

/// What may stand for a type parameter of a kernel: a number, wherever it appears.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't stand for a type parameter of a kernel with `python`",
    label = "not a number of NumPy's",
    note = "from Python the types of a generic kernel are integers of 8 to 64 bits, `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>` and `bool`"
)]
pub trait PyNumber: PyElement + PyValue + PyOutput {}

#[diagnostic::do_not_recommend]
impl<T: PyElement + PyValue + PyOutput> PyNumber for T {}
