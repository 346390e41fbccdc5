//! A kernel whose shared parameters are bound: a value to run, to keep, and to compose.

use std::ops::ControlFlow;
use std::time::Duration;

use super::live::live;
use super::snapshot::{Look, Snapshot};
use crate::context::{Context, SerialContext};
use crate::error::Result;
use crate::functor::list::{IntoFunctors, IntoItems};
use crate::kernel::compose::{Accepts, ReturnsOneValue, Then};
use crate::kernel::{Kernel, Out};
use crate::report::Report;

/// A kernel with its shared parameters bound, made by the generated `bind`.
///
/// It can be run as often as wanted, and composed: [`then`](BoundKernel::then) makes one kernel of
/// two, which runs in one pass with no array in between.
///
/// # Examples
/// ```
/// /// Multiplies.
/// #[pasha::kernel]
/// fn scale(value: f64, #[shared] factor: f64) -> f64 { factor * value }
///
/// /// Adds.
/// #[pasha::kernel]
/// fn offset(value: f64, #[shared] by: f64) -> f64 { value + by }
///
/// let calibrate = scale::bind(2.0).then(offset::bind(1.0));
/// let out = calibrate.run_parallel(&[1.0, 2.0, 3.0])?;
/// assert_eq!(out, ndarray::array![3.0, 5.0, 7.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BoundKernel<K>(K);

impl<K: Kernel> BoundKernel<K> {
    /// Wraps a kernel, for generated code.
    #[doc(hidden)]
    pub fn new(kernel: K) -> Self {
        BoundKernel(kernel)
    }

    /// The kernel, for generated code.
    #[doc(hidden)]
    pub fn kernel(&self) -> &K {
        &self.0
    }

    /// Runs the kernel and shows how far its outputs are, for generated code.
    ///
    /// # Errors
    /// As `run_live_in`.
    #[doc(hidden)]
    pub fn live<C: Context + ?Sized, F: IntoFunctors<K::Items>>(
        &self,
        context: &C,
        functors: F,
        every: Duration,
        look: impl Look<Out<K>>,
    ) -> Result<Out<K>>
    where
        Out<K>: Send,
    {
        live(context, &self.0, functors, every, look)
    }

    /// Takes the kernel out.
    pub(super) fn into_kernel(self) -> K {
        self.0
    }

    /// Runs the kernel in the default context.
    ///
    /// `items` is a functor for a kernel with one item, or a tuple of functors for one with
    /// several.
    ///
    /// # Errors
    /// Whatever keeps the map from starting or from finishing; see [`Error`](crate::Error).
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, ArrayView2};
    ///
    /// /// Photons in a frame `(y, x)` of counts, as far as the monitor saw the beam.
    /// #[pasha::kernel]
    /// fn photons(frame: ArrayView2<u16>, monitor: f64, #[shared] gain: f64) -> f64 {
    ///     frame.iter().map(|&count| f64::from(count)).sum::<f64>() / (gain * monitor)
    /// }
    ///
    /// let (frames, monitor) = (Array3::<u16>::ones((3, 4, 5)), [1.0, 2.0, 4.0]);
    /// let out = photons::bind(10.0).run_parallel((&frames, &monitor))?;
    /// assert_eq!(out, ndarray::array![2.0, 1.0, 0.5]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_parallel(&self, items: impl IntoItems<K::Items>) -> Result<Out<K>> {
        super::run(&*crate::context::default_context()?, &self.0, items.into_list())
    }

    /// Runs the kernel in this context.
    ///
    /// # Errors
    /// As [`run_parallel`](Self::run_parallel).
    ///
    /// # Examples
    /// ```
    /// use pasha::ThreadContext;
    ///
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let out = photons::bind(50.0).run_in(&ThreadContext::new(2)?, &[100.0, 150.0])?;
    /// assert_eq!(out, ndarray::array![2.0, 3.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_in<C: Context + ?Sized>(
        &self,
        context: &C,
        items: impl IntoItems<K::Items>,
    ) -> Result<Out<K>> {
        super::run(context, &self.0, items.into_list())
    }

    /// Runs the kernel here, one item after another.
    ///
    /// # Errors
    /// As [`run_parallel`](Self::run_parallel).
    ///
    /// # Examples
    /// ```
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let to_photons = photons::bind(50.0);
    /// assert_eq!(to_photons.run_serial(&[100.0, 150.0])?, ndarray::array![2.0, 3.0]);
    /// assert_eq!(to_photons.run_serial(&[50.0])?, ndarray::array![1.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_serial(&self, items: impl IntoItems<K::Items>) -> Result<Out<K>> {
        super::run(&SerialContext::new(), &self.0, items.into_list())
    }

    /// Runs the kernel in this context, and shows at intervals how far its outputs are.
    ///
    /// `look` is called on a thread of its own, with a copy of the outputs in which only finished
    /// items are: their slots, and what they have added to what is reduced. It may end the map with
    /// [`Break`](ControlFlow::Break). What the map gives does not depend on it.
    ///
    /// The outputs take their memory twice, and what is reduced one accumulator more for each
    /// worker, or two where the map goes on after failures or has an `item_timeout`. A look takes
    /// the time of copying what was finished since the last, and everything that is reduced; so
    /// that this stays a hundredth or two of the time, a kernel with more than some megabytes of
    /// accumulators shows new items only as often as 20 MB of each worker's are copied in a second,
    /// and looks between have those of the last.
    ///
    /// # Errors
    /// As [`run_parallel`](Self::run_parallel); [`Error::Cancelled`](crate::Error::Cancelled) if
    /// `look` ended the map before it was finished (what it has seen it can keep by cloning);
    /// [`Error::Argument`](crate::Error::Argument) in a context of several machines, and for
    /// reductions in one with `reproducible`.
    ///
    /// # Panics
    /// A panic of `look` ends the map at once, and goes on here.
    ///
    /// # Examples
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    ///
    /// use pasha::ThreadContext;
    ///
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let (context, counts) = (ThreadContext::new(2)?, [100.0, 150.0]);
    /// let every = Duration::from_secs(1);
    /// let out = photons::bind(50.0).run_live_in(&context, &counts, every, |snapshot| {
    ///     println!("{}: {}", snapshot.progress(), snapshot.out());
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(out, ndarray::array![2.0, 3.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_live_in<C: Context + ?Sized>(
        &self,
        context: &C,
        items: impl IntoItems<K::Items>,
        every: Duration,
        look: impl FnMut(&Snapshot<'_, Out<K>>) -> ControlFlow<()> + Send,
    ) -> Result<Out<K>>
    where
        Out<K>: Send,
    {
        self.live(context, items.into_list(), every, look)
    }

    /// Allocates the outputs for these items and runs nothing.
    ///
    /// # Errors
    /// Whatever would keep a map from starting.
    ///
    /// # Examples
    /// ```
    /// use pasha::ThreadContext;
    ///
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let out = photons::bind(50.0).alloc(&ThreadContext::new(2)?, &[100.0, 150.0])?;
    /// assert_eq!(out, ndarray::array![0.0, 0.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn alloc<C: Context + ?Sized>(
        &self,
        context: &C,
        items: impl IntoItems<K::Items>,
    ) -> Result<Out<K>> {
        super::alloc(context, &self.0, items.into_list())
    }

    /// Runs the kernel into outputs that exist already, allocated by [`alloc`](Self::alloc) or
    /// returned by an earlier run.
    ///
    /// # Errors
    /// As [`run_parallel`](Self::run_parallel), and if an output has another shape or can't be
    /// written by the context's workers. After a failure the outputs keep what was finished.
    ///
    /// # Examples
    /// ```
    /// use pasha::ThreadContext;
    ///
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let (context, to_photons) = (ThreadContext::new(2)?, photons::bind(50.0));
    /// let mut out = to_photons.alloc(&context, &[0.0; 2])?;
    /// for run in [[100.0, 150.0], [50.0, 0.0]] {
    ///     to_photons.run_into(&context, &run, &mut out)?; // the same memory each time
    /// }
    /// assert_eq!(out, ndarray::array![1.0, 0.0]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_into<C: Context + ?Sized>(
        &self,
        context: &C,
        items: impl IntoItems<K::Items>,
        out: &mut Out<K>,
    ) -> Result<()> {
        super::run_into(context, &self.0, items.into_list(), out)
    }

    /// Runs the kernel in the default context, and reports what happened.
    ///
    /// # Errors
    /// As [`run_parallel`](Self::run_parallel).
    ///
    /// # Examples
    /// ```
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let (out, report) = photons::bind(50.0).run_report(&[100.0, 150.0])?;
    /// assert_eq!(out.sum(), 5.0);
    /// assert_eq!(report.finished, 2);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_report(&self, items: impl IntoItems<K::Items>) -> Result<(Out<K>, Report)> {
        super::report(&*crate::context::default_context()?, &self.0, items.into_list())
    }

    /// Runs the kernel in this context, and reports what happened.
    ///
    /// # Errors
    /// As [`run_parallel`](Self::run_parallel).
    ///
    /// # Examples
    /// ```
    /// use pasha::{OnFailure, ProcessContext};
    ///
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> Result<f64, &'static str> {
    ///     if counts < 0.0 { Err("negative counts") } else { Ok(counts / gain) }
    /// }
    ///
    /// let context = ProcessContext::new(2)?.on_failure(OnFailure::Skip { at_most: 1 });
    /// let (out, report) = photons::bind(50.0).run_report_in(&context, &[100.0, -1.0, 150.0])?;
    /// assert_eq!(out, ndarray::array![2.0, 0.0, 3.0]);
    /// assert_eq!(report.failed[0].index, 1);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_report_in<C: Context + ?Sized>(
        &self,
        context: &C,
        items: impl IntoItems<K::Items>,
    ) -> Result<(Out<K>, Report)> {
        super::report(context, &self.0, items.into_list())
    }

    /// Runs the kernel here, one item after another, and reports what happened.
    ///
    /// # Errors
    /// As [`run_parallel`](Self::run_parallel).
    ///
    /// # Examples
    /// ```
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let (out, report) = photons::bind(50.0).run_report_serial(&[100.0, 150.0])?;
    /// assert_eq!(out.sum(), 5.0);
    /// assert_eq!(report.workers.len(), 1);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_report_serial(&self, items: impl IntoItems<K::Items>) -> Result<(Out<K>, Report)> {
        super::report(&SerialContext::new(), &self.0, items.into_list())
    }

    /// Runs the kernel into outputs that exist already, and reports what happened.
    ///
    /// # Errors
    /// As [`run_into`](Self::run_into).
    ///
    /// # Examples
    /// ```
    /// use pasha::ThreadContext;
    ///
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// let (context, to_photons) = (ThreadContext::new(2)?, photons::bind(50.0));
    /// let mut out = to_photons.alloc(&context, &[100.0, 150.0])?;
    /// let report = to_photons.run_report_into(&context, &[100.0, 150.0], &mut out)?;
    /// assert_eq!((out.sum(), report.finished), (5.0, 2));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_report_into<C: Context + ?Sized>(
        &self,
        context: &C,
        items: impl IntoItems<K::Items>,
        out: &mut Out<K>,
    ) -> Result<Report> {
        super::report_into(context, &self.0, items.into_list(), out)
    }

    /// Makes one kernel of this and another that takes this one's returned value as its item.
    ///
    /// The value goes from one to the other in a register: there is no array in between. The
    /// outputs are those of the other; this one returns one value and has no other output.
    ///
    /// # Examples
    /// ```
    /// #[pasha::kernel]
    /// fn photons(counts: f64, #[shared] gain: f64) -> f64 { counts / gain }
    ///
    /// #[pasha::kernel]
    /// fn is_bright(photons: f64, #[shared] border: f64) -> bool { photons > border }
    ///
    /// let kernel = photons::bind(50.0).then(is_bright::bind(2.5));
    /// assert_eq!(kernel.run_parallel(&[100.0, 150.0])?, ndarray::array![false, true]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn then<L>(
        self,
        next: BoundKernel<L>,
    ) -> BoundKernel<impl Kernel<Items = K::Items, Set = L::Set, Specs = L::Specs>>
    where
        K: ReturnsOneValue,
        L: Kernel,
        L::Items: Accepts<K::Value>,
    {
        BoundKernel(Then::new(self.0, next.0))
    }
}
