//! Closures as kernels: `pasha::map(&source, |worker_id, index, item| …)`.

use std::convert::Infallible;
use std::fmt::Display;

use crate::array::SharedArray1;
use crate::context::{self, Context};
use crate::element::Element;
use crate::error::Result;
use crate::functor::NaturalItem;
use crate::kernel::{KernelError, KernelTypes, Position};
use crate::output::index::PerIndexScalar;
use crate::output::pack::OneReturned;
use crate::param::Param;
use crate::report::Report;

/// What a closure gets for one index of a source.
type ItemOf<'r, F> = <<F as NaturalItem>::Param as Param>::Item<'r>;

/// Applies a closure to each item in the default context, and returns the array of its values.
///
/// The closure gets the worker's number, the index and the item: a reference to an element for
/// slices and one-dimensional arrays, a sub-view along axis 0 for arrays of more dimensions, the
/// integer for ranges. It may capture by reference whatever is `Sync`, to be read: several workers
/// call it at once, so that it can't write to what it captures (rustc's E0596; see
/// [`errors`](crate::guide::errors#errors-of-the-compiler)). For outputs other than one value for
/// each index write a kernel with [`macro@crate::kernel`].
///
/// What the closure changes in a captured `Mutex` or atomic is lost where workers are forked
/// processes, as they are by default: each has a copy of its own
/// ([`ProcessContext`](crate::ProcessContext)). A kernel is told so before it runs, a closure can't
/// be; to add up, return the values, or write a kernel with `#[reduce(sum)]`.
///
/// # Errors
/// As for a kernel: see [`Error`](crate::Error).
///
/// # Examples
/// ```
/// let inp = vec![1.0, 2.0, 3.0];
/// let squares = pasha::map(&inp, |_worker_id, _index, value| value * value)?;
/// assert_eq!(squares, ndarray::array![1.0, 4.0, 9.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn map<F, K, T>(source: F, closure: K) -> Result<SharedArray1<T>>
where
    F: NaturalItem,
    T: Element,
    K: for<'r> Fn(usize, usize, ItemOf<'r, F>) -> T + Sync,
{
    map_in(&*context::default_context()?, source, closure)
}

/// Applies a closure to each item in the given context; see [`map`].
///
/// # Errors
/// As [`map`].
///
/// # Examples
/// ```
/// use pasha::ThreadContext;
///
/// let cubes = pasha::map_in(&ThreadContext::new(2)?, 0..4_u64, |_, _, n| n.pow(3))?;
/// assert_eq!(cubes, ndarray::array![0, 1, 8, 27]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn map_in<C, F, K, T>(context: &C, source: F, closure: K) -> Result<SharedArray1<T>>
where
    C: Context + ?Sized,
    F: NaturalItem,
    T: Element,
    K: for<'r> Fn(usize, usize, ItemOf<'r, F>) -> T + Sync,
{
    map_report_in(context, source, closure).map(|(out, _report)| out)
}

/// Applies a closure to each item in the given context, and reports what happened: which items
/// failed, where the context's `on_failure` goes on without them.
///
/// # Errors
/// As [`map`].
///
/// # Examples
/// ```
/// use pasha::{OnFailure, ThreadContext};
///
/// let context = ThreadContext::new(2)?.on_failure(OnFailure::Skip { at_most: 1 });
/// let frames = ndarray::Array3::<u16>::ones((3, 4, 5)); // (n, y, x), in counts
/// let (totals, report) = pasha::map_report_in(&context, &frames, |_, index, frame| {
///     assert_ne!(index, 1, "a panic is a failure of the item");
///     frame.sum()
/// })?;
/// assert_eq!(totals, ndarray::array![20, 0, 20]);
/// assert_eq!(report.failed[0].index, 1);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn map_report_in<C, F, K, T>(
    context: &C,
    source: F,
    closure: K,
) -> Result<(SharedArray1<T>, Report)>
where
    C: Context + ?Sized,
    F: NaturalItem,
    T: Element,
    K: for<'r> Fn(usize, usize, ItemOf<'r, F>) -> T + Sync,
{
    run_closure(context, source, move |at, item| {
        Ok::<T, Infallible>(closure(at.worker_id, at.index, item))
    })
}

/// Applies a closure that may fail to each item in the default context.
///
/// # Errors
/// [`Error::Item`](crate::Error::Item) with the index and, as the [cause](crate::Cause::Refused),
/// the text of the closure's error; otherwise as [`map`].
///
/// # Examples
/// ```
/// let text = ["1", "2", "three"];
/// let error = pasha::try_map(&text, |_, _, number| number.parse::<i32>()).unwrap_err();
/// assert!(matches!(error, pasha::Error::Item(failure) if failure.index() == 2));
/// ```
pub fn try_map<F, K, T, E>(source: F, closure: K) -> Result<SharedArray1<T>>
where
    F: NaturalItem,
    T: Element,
    E: Display,
    K: for<'r> Fn(usize, usize, ItemOf<'r, F>) -> Result<T, E> + Sync,
{
    try_map_in(&*context::default_context()?, source, closure)
}

/// Applies a closure that may fail to each item in the given context; see [`try_map`].
///
/// # Errors
/// As [`try_map`].
///
/// # Examples
/// ```
/// use pasha::ThreadContext;
///
/// let context = ThreadContext::new(2)?;
/// let motor = pasha::try_map_in(&context, &["12.5", "13"], |_, _, line| line.parse::<f64>())?;
/// assert_eq!(motor, ndarray::array![12.5, 13.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn try_map_in<C, F, K, T, E>(context: &C, source: F, closure: K) -> Result<SharedArray1<T>>
where
    C: Context + ?Sized,
    F: NaturalItem,
    T: Element,
    E: Display,
    K: for<'r> Fn(usize, usize, ItemOf<'r, F>) -> Result<T, E> + Sync,
{
    try_map_report_in(context, source, closure).map(|(out, _report)| out)
}

/// Applies a closure that may fail to each item in the given context, and reports what happened.
///
/// # Errors
/// As [`try_map`].
///
/// # Examples
/// ```
/// use pasha::{OnFailure, SerialContext};
///
/// let context = SerialContext::new().on_failure(OnFailure::Skip { at_most: 1 });
/// let text = ["1", "two", "3"];
/// let (numbers, report) =
///     pasha::try_map_report_in(&context, &text, |_, _, number| number.parse::<i32>())?;
/// assert_eq!(numbers, ndarray::array![1, 0, 3]);
/// assert_eq!(report.failed[0].index, 1);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn try_map_report_in<C, F, K, T, E>(
    context: &C,
    source: F,
    closure: K,
) -> Result<(SharedArray1<T>, Report)>
where
    C: Context + ?Sized,
    F: NaturalItem,
    T: Element,
    E: Display,
    K: for<'r> Fn(usize, usize, ItemOf<'r, F>) -> Result<T, E> + Sync,
{
    run_closure(context, source, move |at, item| {
        closure(at.worker_id, at.index, item).map_err(|error| KernelError::new(&error))
    })
}

/// Makes a kernel of a closure, and runs it.
fn run_closure<C, F, K, T, E>(
    context: &C,
    source: F,
    closure: K,
) -> Result<(SharedArray1<T>, Report)>
where
    C: Context + ?Sized,
    F: NaturalItem,
    T: Element,
    E: Display,
    K: for<'r> Fn(Position, ItemOf<'r, F>) -> Result<T, E> + Sync,
{
    type Types<P, T, E> =
        KernelTypes<(P, ()), (PerIndexScalar<T>, ()), OneReturned<SharedArray1<T>>, (), E, 0>;
    let kernel = Types::<F::Param, T, E>::kernel(
        |_shapes| Ok((PerIndexScalar::new(), ())),
        |_at, _items| [],
        || (),
        move |at, (item, ()), (result, ()), _scratch| {
            *result = closure(at, item)?;
            Ok(())
        },
    );
    super::report(context, &kernel, (source, ()))
}
