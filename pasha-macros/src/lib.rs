//! The attribute of the crate `pasha`; use it as `pasha::kernel`.
//!
//! The way through, in `attribute`: `parse` reads the function into a `model`, `check` refuses what
//! is not a kernel, `around` places where none can stand, `expand` writes what is generated,
//! `fallback` what stands in after a refusal. All of it works on tokens of `proc_macro2`, so that
//! tests can run it; only this file knows the compiler.

mod around;
mod attribute;
mod check;
mod errors;
mod expand;
mod fallback;
mod mentions;
mod merges;
mod model;
mod names;
mod parse;
#[cfg(test)]
mod tests;
mod text;
mod types;

use proc_macro::TokenStream;

/// The example of the README is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Makes a kernel of a function: something that is mapped over many items in parallel.
///
/// The function computes what belongs to one item. It stays as it is, an ordinary function; beside
/// it the attribute generates a type of the same name, whose functions map it over a *functor*, a
/// source of items such as a `Vec`, an array or a file:
///
/// ```
/// /// Multiplies each value with 3.
/// #[pasha::kernel]
/// fn triple_it(value: f64) -> f64 {
///     3.0 * value
/// }
///
/// let outp = triple_it::run_parallel(&[1.0, 2.0])?; // an array of the returned values
/// assert_eq!(outp, ndarray::array![3.0, 6.0]);
/// assert_eq!(triple_it(2.0), 6.0);                  // still an ordinary function
/// # Ok::<(), pasha::Error>(())
/// ```
///
/// # Parameters
///
/// | written | bound to |
/// | --- | --- |
/// | `value: f64`, `value: &T`, `frame: ArrayView2<u16>`, `train: Train<'_, u16, Ix2>` | an item: the functor's entry at this index |
/// | `#[shared] x: T` or `&T` | the same for every call, to be read |
/// | `#[shared(copied)] x: &T` | the same, where `T` is a lock, an atomic or a container of these and each forked worker may change a copy of its own, as of a cache; without the word such a map fails before it starts, because the changes would be lost (on threads they are not, and both run) |
/// | `#[index] i: usize`, `#[worker_id] w: usize` | the item's index, and which worker runs the call |
/// | `#[output(shape = EXPR, fill = EXPR, order = F)] o: ArrayViewMut2<A>` | this index's slot of an array; `like = PARAM` instead of `shape` copies the shape of an item or a shared array; `order = F` makes a slot's first axis the contiguous one (the axis of the indices is always outermost) |
/// | `#[output(fill = EXPR)] o: &mut A` | this index's element of an array |
/// | `#[output(ragged)] o: &mut Ragged<A>` | a slot that grows: `push`, `extend_from_slice` |
/// | `#[output(ragged = EXPR)] o: ArrayViewMut1<A>` | a slot of a length of its own, computed from the item in a first pass over all items |
/// | `#[per_worker(shape = EXPR, fill = EXPR)] acc: ArrayViewMut1<A>` or `acc: &mut A` | this worker's accumulator; the result has one for each worker |
/// | `#[reduce(sum, shape = EXPR)] acc: ArrayViewMut1<A>` or `acc: &mut A` | the same, merged after the map by `sum`, `product`, `min`, `max`, `any`, `all`, or a function of your own, `#[reduce(path::to::merge, init = EXPR)]` |
/// | `#[scratch(EXPR)] buf: &mut T` | a buffer of this worker's, made once, before its first item |
///
/// What the expressions may mention, beside constants and `#[shared]` parameters:
///
/// | expression | computed | may mention |
/// | --- | --- | --- |
/// | `shape = EXPR`, `fill = EXPR`, `init = EXPR` | once, before the map | the shape of an item by its name: `shape = frame.nrows()` |
/// | `ragged = EXPR` | for each item, in a first pass | the item, `#[index]` |
/// | `#[scratch(EXPR)]` | once by each worker, before its first item | no item, and not its shape: give the buffer its size in the body, `buf.resize(frame.len(), 0.0)`, which costs nothing where it has it already |
///
/// They are expressions with variables of their own, evaluated apart from the function: nothing in
/// them can `return`, `break` or fail with `?`. A format string may capture what they may mention,
/// `format!("{n_bins}")`. A doc comment on an output becomes that of its field.
///
/// # Return type
///
/// Nothing; `T` for an `(n,)` array; `[T; N]` for an `(n, N)` array; a tuple of these for a tuple
/// of arrays; or a `Result` of any of these, whose `Err` is a failure at that index.
///
/// # Options
///
/// `#[kernel(stream_stores)]` writes the outputs past the caches, with *streaming stores*: each
/// call writes its slots into a small buffer that stays in the core's cache, and whole cache lines
/// go from there to memory. It gains a fifth or more where outputs are far larger than the
/// last-level cache and nobody reads them soon, and loses where they fit it. Slots without a fill
/// value begin with what an earlier item has left, so the call is to write all of them. Slots of
/// more than 2 MiB, ragged ones, and maps that go on after failures, have an `item_timeout` or are
/// resumed are written in the ordinary way.
///
/// `#[kernel(output = Name)]` names the struct of the outputs, where the usual name is taken.
///
/// `#[kernel(python)]` lets Python call it, on NumPy arrays, in a module that
/// `pasha::python_module!` makes (pasha's feature `python`).
///
/// `#[kernel(crate = "path")]` says where pasha is, where it is not `::pasha`: in a crate that
/// renames it in its `Cargo.toml`, or gets it from another crate that exports it.
///
/// ```
/// # extern crate pasha as facade;
/// #[facade::kernel(crate = "facade")]
/// fn double(value: f64) -> f64 {
///     2.0 * value
/// }
/// # assert_eq!(double::run_serial(&[1.0])?, ndarray::array![2.0]);
/// # Ok::<(), facade::Error>(())
/// ```
///
/// # Generated functions
///
/// Functors and shared parameters are arguments in the order of their declaration.
///
/// | function | does |
/// | --- | --- |
/// | `k::run_parallel(…)` | runs in the default context |
/// | `k::run_in(&context, …)` | runs in this context |
/// | `k::run_serial(…)` | runs here, for tests and debuggers |
/// | `k::alloc(&context, …)` | allocates the outputs, runs nothing |
/// | `k::run_into(&context, …, &mut out)` | runs into outputs that are there already |
/// | `k::run_report(…)`, `run_report_in`, `run_report_serial`, `run_report_into` | the same, and a report: what failed, what was tried again, how long it took |
/// | `k::run_live_in(&context, …, every, look)` | as `run_in`, and calls `look` with what is finished, this often |
/// | `k::bind(shared…)` | gives a kernel value, which composes with others by `then` |
///
/// A kernel with several outputs returns them in a struct, named as the function in CamelCase with
/// `Output` after it (or as the option `output` says): a field for each output parameter, and
/// `result` for what the function returns. A single array, or a tuple of returned arrays alone, is
/// returned as it is.
#[proc_macro_attribute]
pub fn kernel(args: TokenStream, item: TokenStream) -> TokenStream {
    let file = proc_macro::Span::call_site().local_file();
    let file = file.and_then(|path| std::fs::read_to_string(path).ok());
    attribute::kernel(args.into(), item.into(), file.as_deref()).into()
}

/// Adds items behind the one that it is on, as [`kernel`](macro@kernel) does.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn with_items(items: TokenStream, first: TokenStream) -> TokenStream {
    first.into_iter().chain(items).collect()
}
