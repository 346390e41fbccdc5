//! What may be given where a map takes a source: a reference to a functor, or one that is itself no
//! more than that; and the kind of items that a closure gets of it.

use super::Functor;
use crate::error::SourceError;
use crate::param::Param;

/// What may be given for an item of kind `P` when a kernel is run: a reference to a functor, or a
/// functor that is itself no more than a reference or a range.
///
/// # Examples
/// ```
/// use pasha::{ByValue, Context, IntoFunctor};
///
/// /// Photons from counts.
/// #[pasha::kernel]
/// fn photons(counts: f64) -> f64 { counts / 50.0 }
///
/// /// A function of one's own that takes whatever a kernel takes.
/// fn brightest(
///     context: &impl Context,
///     source: impl IntoFunctor<ByValue<f64>>,
/// ) -> pasha::Result<f64> {
///     let out = photons::run_in(context, source)?;
///     Ok(out.fold(0.0, |most, &value| value.max(most)))
/// }
///
/// let context = pasha::SerialContext::new();
/// assert_eq!(brightest(&context, &[100.0, 150.0])?, 3.0);
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be mapped over by a kernel that takes `{P}` items",
    label = "not a source of `{P}`",
    note = "`ByValue<T>` stands for a parameter `x: T`, `ByRef<T>` for `x: &T`, `SubView<A, Dim<[usize; N]>>` for an array view with N axes. The elements must be of just that type: give the parameter theirs, or convert them before, `&data.mapv(f64::from)`; what is not `Copy` is taken by reference, `x: &T`, `x: &str`. An array has one axis more than its items: `ArrayView2<T>` for the frames of a 3-D one, for those of a 4-D one with `pasha::axes(&array, [Axis(0), Axis(1)])`; `&[T]` is for a `Vec<Vec<T>>`",
    note = "an iterator, a map or a set can't be asked for the item at an index: collect it first, `let values: Vec<_> = map.values().copied().collect();`, and map over `&values`; `pasha::chunks(&values, n)` instead of `values.chunks(n)`, for a kernel on `ArrayView1<T>`, `pasha::axis(&array, Axis(k))` instead of `array.axis_iter(Axis(k))`, and `k::run_parallel(&a, &b)` with two items instead of a tuple",
    note = "all that an item may be, what it is read from, and what to write instead: the documentation's page `pasha::guide::items`; arrays of another version of ndarray are other types, pasha takes those of ndarray 0.17, its `pasha::ndarray`"
)]
pub trait IntoFunctor<P: Param> {
    /// The functor.
    type Functor: Functor<P>;

    /// Gives the functor.
    ///
    /// # Examples
    /// ```
    /// use pasha::{ByValue, Functor, IntoFunctor};
    ///
    /// let functor = IntoFunctor::<ByValue<u32>>::into_functor(10..14_u32);
    /// assert_eq!(Functor::<ByValue<u32>>::num_items(&functor), 4);
    /// ```
    fn into_functor(self) -> Self::Functor;
}

#[diagnostic::do_not_recommend]
impl<'a, P: Param, F: Functor<P> + ?Sized> IntoFunctor<P> for &'a F {
    type Functor = &'a F;

    fn into_functor(self) -> &'a F {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<P: Param, F: Functor<P> + ?Sized> Functor<P> for &F {
    type Reader<'f>
        = F::Reader<'f>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        (**self).num_items()
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        (**self).reader()
    }

    fn item_shape(&self) -> Option<P::Shape> {
        (**self).item_shape()
    }

    fn items_together(&self) -> usize {
        (**self).items_together()
    }

    fn items_inseparable(&self) -> usize {
        (**self).items_inseparable()
    }

    fn check(&self) -> Result<(), SourceError> {
        (**self).check()
    }

    fn announce(&self) {
        (**self).announce();
    }

    const MAY_BE_ABSENT: bool = F::MAY_BE_ABSENT;

    #[inline(always)]
    fn is_present(&self, index: usize) -> bool {
        (**self).is_present(index)
    }

    fn labels(&self) -> Option<&[u64]> {
        (**self).labels()
    }
}

/// Lets functors that borrow what they map over, or are small, be given by value.
macro_rules! given_by_value {
    ($([$($generics:tt)*] $functor:ty;)+) => {$(
        // Of all kinds, so that one it does not deliver is reported as that.
        #[diagnostic::do_not_recommend]
        impl<$($generics)* P: $crate::param::Param> $crate::functor::IntoFunctor<P> for $functor
        where
            $functor: $crate::functor::Functor<P>,
        {
            type Functor = $functor;

            fn into_functor(self) -> $functor {
                self
            }
        }
    )+};
}
pub(crate) use given_by_value;

/// A source whose items have one natural kind, which closures given to [`map`](crate::map()) get.
///
/// Slices and one-dimensional arrays give references, arrays of more dimensions sub-views along
/// axis 0, ranges their integers.
///
/// # Examples
/// ```
/// use std::convert::Infallible;
///
/// use pasha::{ByValue, Functor, NaturalItem, Read, SourceError};
///
/// /// The energies of a monochromator's scan, in eV.
/// struct Scan { first: f64, step: f64, len: usize }
///
/// impl Functor<ByValue<f64>> for Scan {
///     type Reader<'f> = &'f Scan;
///     fn num_items(&self) -> usize { self.len }
///     fn reader(&self) -> Result<&Scan, SourceError> { Ok(self) }
/// }
///
/// impl Read<ByValue<f64>> for &Scan {
///     type Error = Infallible;
///     fn read(&mut self, index: usize) -> Result<f64, Infallible> {
///         Ok(self.first + index as f64 * self.step)
///     }
/// }
///
/// // With this a closure can be mapped over it.
/// impl NaturalItem for &Scan { type Param = ByValue<f64>; }
///
/// let scan = Scan { first: 7000.0, step: 0.5, len: 3 };
/// let energies = pasha::map(&scan, |_, _, energy| energy)?;
/// assert_eq!(energies, ndarray::array![7000.0, 7000.5, 7001.0]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be mapped over by a closure",
    label = "no kind of item is natural to it",
    note = "give a container by reference, `&values`; collect an iterator, a map or a set first, `let values: Vec<_> = map.values().copied().collect();`; `pasha::chunks(&values, n)` instead of `values.chunks(n)`, for a kernel on `ArrayView1<T>`, `pasha::axis(&array, Axis(k))` instead of `array.axis_iter(Axis(k))`; for several sources map over the indices, `pasha::map(0..a.len(), |_, i, _| a[i] * b[i])`",
    note = "all that can be mapped over, and how types of your own can: the documentation's page `pasha::guide::items`; arrays of another version of ndarray are other types, pasha takes those of ndarray 0.17, its `pasha::ndarray`"
)]
pub trait NaturalItem: IntoFunctor<Self::Param> {
    /// The kind of item that a closure gets.
    type Param: Param;
}

/// Gives functors their natural kind of item, whether they are given by value or by reference.
macro_rules! natural_items {
    ($([$($generics:tt)*] $functor:ty: $param:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> $crate::functor::NaturalItem for $functor {
            type Param = $param;
        }

        #[diagnostic::do_not_recommend]
        impl<$($generics)*> $crate::functor::NaturalItem for &$functor {
            type Param = $param;
        }
    )+};
}
pub(crate) use natural_items;
