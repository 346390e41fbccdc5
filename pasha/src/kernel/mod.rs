//! Kernels: the function applied to each item, with everything that a run must know about it.
//!
//! The attribute turns a function into a [`FnKernel`], a handful of closures over the shared
//! parameters; [`map`](crate::map()) does so with a closure;
//! [`BoundKernel::then`](crate::BoundKernel::then) makes one kernel of two. The worker loop sees
//! only the [`Kernel`] trait, monomorphised.

pub(crate) mod compose;
pub(crate) mod together;

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::marker::PhantomData;

use crate::error::Result;
use crate::output::list::SpecList;
use crate::output::pack::OutputSet;
pub use crate::output::position::Position;
use crate::output::slots::Slots;
use crate::param::ItemList;

/// The names that a kernel's author gave, for error messages.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The signature of the function, as text; empty for a closure.
    pub signature: &'static str,
    /// The names of the item parameters, in order.
    pub items: &'static [&'static str],
    /// The names of the output parameters, in order.
    pub outputs: &'static [&'static str],
}

impl Names {
    /// Of a closure, which has none.
    const NONE: Names = Names { signature: "", items: &[], outputs: &[] };
}

/// What a run of the kernel `K` gives: an array, a tuple of arrays, or a struct of outputs.
///
/// # Examples
/// ```
/// use pasha::{BoundKernel, ByValue, Kernel, Out};
///
/// /// Runs a kernel in the contexts that a program chooses between, for their results.
/// fn here_and_there<K: Kernel<Items = (ByValue<f64>, ())>>(
///     kernel: &BoundKernel<K>,
///     values: &[f64],
/// ) -> pasha::Result<[Out<K>; 2]> {
///     Ok([kernel.run_serial(values)?, kernel.run_parallel(values)?])
/// }
///
/// #[pasha::kernel]
/// fn photons(counts: f64) -> f64 { counts / 50.0 }
///
/// let [here, there] = here_and_there(&photons::bind(), &[100.0, 150.0])?;
/// assert_eq!(here, there);
/// # Ok::<(), pasha::Error>(())
/// ```
pub type Out<K> = <<K as Kernel>::Set as OutputSet>::Out;

/// A kernel with its shared parameters bound: what a run needs to know.
///
/// It is implemented by what [`macro@crate::kernel`] generates; there is no need to implement it by
/// hand. Its methods are internal and may change.
///
/// # Examples
/// ```
/// use pasha::{BoundKernel, ByValue, Kernel, Out};
///
/// /// Runs a kernel twice, for what it costs the second time.
/// fn run_twice<K: Kernel<Items = (ByValue<f64>, ())>>(
///     kernel: &BoundKernel<K>,
///     values: &[f64],
/// ) -> pasha::Result<Out<K>> {
///     kernel.run_serial(values)?;
///     kernel.run_serial(values)
/// }
///
/// #[pasha::kernel]
/// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
///
/// let out = run_twice(&photons::bind(50.0), &[100.0, 150.0])?;
/// assert_eq!(out, ndarray::array![2.0, 3.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub trait Kernel: Sync {
    /// The list of item kinds.
    type Items: ItemList;

    /// How the outputs are packed for the caller.
    type Set: OutputSet;

    /// The list of the outputs' specs: those of parameters, then those of returned values.
    #[doc(hidden)]
    type Specs: SpecList<Arrays = <Self::Set as OutputSet>::Arrays>;

    /// What each worker makes once for itself.
    #[doc(hidden)]
    type Scratch;

    /// Why a call fails; a type without values for a kernel that can't.
    #[doc(hidden)]
    type Failure: Display;

    /// The number of ragged outputs.
    #[doc(hidden)]
    const RAGGED: usize;

    /// Whether its outputs are written with streaming stores.
    #[doc(hidden)]
    const STREAM_STORES: bool;

    /// The names for error messages.
    #[doc(hidden)]
    fn names(&self) -> Names;

    /// The names of all output parameters, also where several kernels run together.
    #[doc(hidden)]
    fn output_names(&self) -> Vec<&'static str> {
        self.names().outputs.to_vec()
    }

    /// A shared parameter that is changed through `&`, which is lost in forked workers.
    #[doc(hidden)]
    fn interior_mutable(&self) -> Option<&'static str>;

    /// The kernel's signature as text, by which a changed kernel is noticed.
    #[doc(hidden)]
    fn signature(&self) -> String {
        self.names().signature.to_owned()
    }

    /// Evaluates the outputs' shapes and fill values.
    #[doc(hidden)]
    fn specs(&self, shapes: Shapes<Self::Items>) -> Result<Self::Specs>;

    /// Evaluates the lengths of the ragged outputs' slots at one index.
    #[doc(hidden)]
    fn lengths<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, Self::Items>,
        scratch: &'s mut Self::Scratch,
        lengths: &mut [usize],
    ) -> Result<(), Self::Failure>;

    /// Makes a worker's scratch.
    #[doc(hidden)]
    fn scratch(&self) -> Self::Scratch;

    /// Calls the function, and puts what it returns into the slots.
    #[doc(hidden)]
    fn call<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, Self::Items>,
        slots: SlotsOf<'s, Self::Specs>,
        scratch: &'s mut Self::Scratch,
    ) -> Result<(), Self::Failure>;
}

/// The items of one call.
pub type Items<'r, I> = <I as ItemList>::Items<'r>;

/// What is known about the items before a run.
pub type Shapes<I> = <I as ItemList>::Shapes;

/// The slots of one call.
pub type SlotsOf<'s, O> = <<O as SpecList>::Slots as Slots>::Slot<'s>;

/// An error of a kernel, as text: what crosses from a worker to the caller.
#[derive(Debug, Clone)]
pub struct KernelError(String);

impl KernelError {
    /// Keeps an error's text.
    #[cold]
    pub fn new(error: &(impl ErrorText + ?Sized)) -> Self {
        KernelError(error.text())
    }
}

/// What a kernel may return as an error: what can be shown as text.
#[diagnostic::on_unimplemented(
    message = "the error `{Self}` can't be shown as text",
    label = "it does not implement `Display`",
    note = "what a kernel returns as an error reaches the caller as text: implement `std::fmt::Display` for it (or derive `thiserror::Error`), or return a text, `Result<_, String>`, by `map_err` and `{{:?}}`"
)]
pub trait ErrorText {
    /// The text.
    fn text(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<E: Display + ?Sized> ErrorText for E {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A kernel made of closures over its shared parameters.
pub struct FnKernel<I, O, T, S, E, const RAGGED: usize, const STREAM_STORES: bool, A, L, B, C> {
    allocate: A,
    lengths: L,
    scratch: B,
    call: C,
    names: Names,
    interior_mutable: Option<&'static str>,
    types: Types<I, O, T, S, E>,
}

/// Carries the types of a kernel without owning any.
type Types<I, O, T, S, E> = PhantomData<fn() -> (I, O, T, S, E)>;

/// The types of a kernel that is to be made of closures, whose own types have no names.
#[derive(Debug)]
pub struct KernelTypes<I, O, T, S, E, const RAGGED: usize>(Types<I, O, T, S, E>);

impl<I, O, T, S, E, const RAGGED: usize> KernelTypes<I, O, T, S, E, RAGGED> {
    /// Makes a kernel of closures.
    // The bounds on the function, so that rustc says which is not met.
    pub fn kernel<A, L, B, C>(
        allocate: A,
        lengths: L,
        scratch: B,
        call: C,
    ) -> FnKernel<I, O, T, S, E, RAGGED, false, A, L, B, C>
    where
        I: ItemList,
        O: SpecList,
        T: OutputSet<Arrays = O::Arrays>,
        E: Display,
        A: Fn(Shapes<I>) -> Result<O> + Sync,
        L: for<'r> Fn(Position, Items<'r, I>) -> [usize; RAGGED] + Sync,
        B: Fn() -> S + Sync,
        C: for<'r, 's> Fn(Position, Items<'r, I>, SlotsOf<'s, O>, &'s mut S) -> Result<(), E>
            + Sync,
    {
        let (names, interior_mutable) = (Names::NONE, None);
        FnKernel { allocate, lengths, scratch, call, names, interior_mutable, types: PhantomData }
    }
}

/// The types of a kernel that can't fail, has no scratch, and no ragged output whose lengths a
/// first pass finds.
#[derive(Debug)]
pub struct PlainKernelTypes<I, O, T>(Types<I, O, T, (), Infallible>);

impl<I, O, T> PlainKernelTypes<I, O, T> {
    /// Makes a kernel of closures.
    #[allow(clippy::type_complexity, reason = "it is the type of what it makes")]
    pub fn kernel<A, C>(
        allocate: A,
        call: C,
    ) -> FnKernel<
        I,
        O,
        T,
        (),
        Infallible,
        0,
        false,
        A,
        impl for<'r> Fn(Position, Items<'r, I>) -> [usize; 0] + Sync + Copy,
        impl Fn() + Sync + Copy,
        C,
    >
    where
        I: ItemList,
        O: SpecList,
        T: OutputSet<Arrays = O::Arrays>,
        A: Fn(Shapes<I>) -> Result<O> + Sync,
        C: for<'r, 's> Fn(
                Position,
                Items<'r, I>,
                SlotsOf<'s, O>,
                &'s mut (),
            ) -> Result<(), Infallible>
            + Sync,
    {
        KernelTypes::<I, O, T, (), Infallible, 0>::kernel(allocate, |_, _| [], || (), call)
    }
}

impl<I, O, T, S, E, const RAGGED: usize, A, L, B, C>
    FnKernel<I, O, T, S, E, RAGGED, false, A, L, B, C>
{
    /// Has the outputs written with streaming stores.
    pub fn with_stream_stores(self) -> FnKernel<I, O, T, S, E, RAGGED, true, A, L, B, C> {
        let FnKernel { allocate, lengths, scratch, call, names, interior_mutable, types } = self;
        FnKernel { allocate, lengths, scratch, call, names, interior_mutable, types }
    }

    /// Names the kernel and its parameters for error messages.
    pub fn named(
        self,
        signature: &'static str,
        items: &'static [&'static str],
        outputs: &'static [&'static str],
    ) -> Self {
        FnKernel { names: Names { signature, items, outputs }, ..self }
    }

    /// Tells of shared parameters and items, each by its name, whether they are changed through
    /// `&`.
    pub fn sharing(self, parameters: &[(&'static str, bool)]) -> Self {
        let found = parameters.iter().find(|(_, is_interior_mutable)| *is_interior_mutable);
        let interior_mutable = found.map(|(name, _)| *name);
        FnKernel { interior_mutable, ..self }
    }
}

impl<I, O, T, S, E, const RAGGED: usize, const STREAM_STORES: bool, A, L, B, C> Kernel
    for FnKernel<I, O, T, S, E, RAGGED, STREAM_STORES, A, L, B, C>
where
    I: ItemList,
    O: SpecList,
    T: OutputSet<Arrays = O::Arrays>,
    E: Display,
    A: Fn(Shapes<I>) -> Result<O> + Sync,
    L: for<'r> Fn(Position, Items<'r, I>) -> [usize; RAGGED] + Sync,
    B: Fn() -> S + Sync,
    C: for<'r, 's> Fn(Position, Items<'r, I>, SlotsOf<'s, O>, &'s mut S) -> Result<(), E> + Sync,
{
    type Items = I;
    type Set = T;
    type Specs = O;
    type Scratch = S;
    type Failure = E;
    const RAGGED: usize = RAGGED;
    const STREAM_STORES: bool = STREAM_STORES;

    fn names(&self) -> Names {
        self.names
    }

    fn interior_mutable(&self) -> Option<&'static str> {
        self.interior_mutable
    }

    fn specs(&self, shapes: Shapes<I>) -> Result<O> {
        (self.allocate)(shapes)
    }

    fn lengths<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, I>,
        _scratch: &'s mut S,
        lengths: &mut [usize],
    ) -> Result<(), E> {
        lengths.copy_from_slice(&(self.lengths)(at, items));
        Ok(())
    }

    fn scratch(&self) -> S {
        (self.scratch)()
    }

    #[inline(always)]
    fn call<'r, 's>(
        &self,
        at: Position,
        items: Items<'r, I>,
        slots: SlotsOf<'s, O>,
        scratch: &'s mut S,
    ) -> Result<(), E> {
        (self.call)(at, items, slots, scratch)
    }
}

impl<I, O, T, S, E, const RAGGED: usize, const STREAM_STORES: bool, A, L, B, C> fmt::Debug
    for FnKernel<I, O, T, S, E, RAGGED, STREAM_STORES, A, L, B, C>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("names", &self.names).finish_non_exhaustive()
    }
}
