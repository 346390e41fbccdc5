//! Two axes of an array at once: the item is the sub-view at an index of each.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayView, Axis, Dimension, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, RemoveAxis};

use super::axis::{AlongAxis, AsView, axis};
use super::{Functor, Read, given_by_value, natural_items};
use crate::array::SharedArray;
use crate::element::Element;
use crate::error::{Error, Result, SourceError};
use crate::param::{ByRef, ByValue, ItemShape, Param, SubView};

/// What can be mapped over along any axis: arrays, `.npy` files, HDF5 data sets.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no axes to map along",
    label = "not an array",
    note = "give an array, a view, a `pasha::SharedArray`, a `pasha::NpyFile` or an `Hdf5Dataset` by reference"
)]
pub trait HasAxes {
    /// The type of its elements.
    type Elem: 'static;
    /// Its number of axes.
    type Dim: Dimension;
    /// What it is when mapped over along an axis.
    type Along<'a>
    where
        Self: 'a;

    /// Maps along an axis.
    fn along_axis(&self, axis: Axis) -> Self::Along<'_>;

    /// The length of each axis, where this one is mapped along.
    fn lengths(&self, along: Axis) -> Vec<usize>;
}

impl<V: AsView + ?Sized> HasAxes for V {
    type Elem = V::Elem;
    type Dim = V::Dim;
    type Along<'a>
        = AlongAxis<'a, V::Elem, V::Dim>
    where
        Self: 'a;

    fn along_axis(&self, along: Axis) -> AlongAxis<'_, V::Elem, V::Dim> {
        axis(self, along)
    }

    fn lengths(&self, _along: Axis) -> Vec<usize> {
        self.as_view().shape().to_vec()
    }
}

/// An array, mapped over along two of its axes; made by [`axes`].
///
/// `F` is the array along the first of them, `A` the type of its elements, `D` its number of axes.
///
/// # Examples
/// ```
/// use ndarray::{Array4, Axis, Ix4};
/// use pasha::{AlongAxes, AlongAxis};
///
/// let frames = Array4::<u16>::ones((3, 2, 4, 5)); // (train, module, y, x)
/// let both: AlongAxes<AlongAxis<'_, u16, Ix4>, u16, Ix4> =
///     pasha::axes(&frames, [Axis(0), Axis(1)]);
/// assert_eq!(both.lengths(), [3, 2]);
/// let sums = pasha::map(&both, |_, _, frame| frame.sum())?;
/// assert_eq!(sums.into_axes(&both)?.shape(), [3, 2]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct AlongAxes<F, A, D> {
    outer: F,
    axes: [Axis; 2],
    /// Of the array.
    shape: Vec<usize>,
    element: PhantomData<fn() -> (A, D)>,
}

/// Maps over an array along two axes at once: all indices of the second for each of the first.
///
/// The item is the sub-view at both indices, with the other axes in their order: for `Axis(0)` and
/// `Axis(1)` of an array `(train, module, y, x)` it is `(y, x)`. An array of two axes gives its
/// elements. Nothing is copied; of an `Hdf5Dataset` both axes may be any, and a chunk is read once
/// for all items in it.
///
/// The outputs have one slot for each pair, `n * m` in all, and `#[index]` counts them, the second
/// axis fastest. [`SharedArray::into_axes`] gives an output both axes, `(n, m, …)`.
///
/// An axis that is not there, or that is given twice, is an error when the kernel is run.
///
/// # Examples
/// ```
/// use ndarray::{Array4, ArrayView2, Axis};
///
/// /// The counts of a module's frame (y, x).
/// #[pasha::kernel]
/// fn total(frame: ArrayView2<u16>) -> u64 {
///     frame.iter().map(|&count| u64::from(count)).sum()
/// }
///
/// let frames = Array4::<u16>::ones((3, 16, 4, 5)); // (train, module, y, x)
/// let by_module = pasha::axes(&frames, [Axis(0), Axis(1)]);
/// let totals = total::run_parallel(&by_module)?.into_axes(&by_module)?;
/// assert_eq!(totals, ndarray::Array2::from_elem((3, 16), 20)); // (train, module)
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn axes<V: HasAxes + ?Sized>(
    array: &V,
    axes: [Axis; 2],
) -> AlongAxes<V::Along<'_>, V::Elem, V::Dim> {
    AlongAxes {
        outer: array.along_axis(axes[0]),
        axes,
        shape: array.lengths(axes[0]),
        element: PhantomData,
    }
}

impl<F, A, D> AlongAxes<F, A, D> {
    /// The lengths of both axes; 0 for one that is not there.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, Axis};
    ///
    /// let frames = Array3::<u16>::ones((10, 64, 128)); // (n, y, x)
    /// assert_eq!(pasha::axes(&frames, [Axis(1), Axis(2)]).lengths(), [64, 128]);
    /// ```
    pub fn lengths(&self) -> [usize; 2] {
        self.axes.map(|axis| self.shape.get(axis.index()).copied().unwrap_or(0))
    }

    /// The number of pairs.
    fn num_pairs(&self) -> usize {
        let [first, second] = self.lengths();
        first.saturating_mul(second)
    }

    /// The second axis among those of an item of the first.
    fn inner(&self) -> Axis {
        let [first, second] = self.axes;
        Axis(second.index() - usize::from(second > first))
    }

    fn check_axes(&self) -> Result<(), SourceError> {
        let ndim = self.shape.len();
        let [first, second] = self.axes;
        if let Some(axis) = self.axes.iter().find(|axis| axis.index() >= ndim) {
            return Err(format!(
                "it has {ndim} axes, counted from Axis(0), so there is no {axis:?}"
            )
            .into());
        }
        if first == second {
            return Err(format!(
                "the two axes must be different ones, and both are {first:?}: for one axis there \
                 is `pasha::axis`"
            )
            .into());
        }
        Ok(())
    }
}

impl<F: Clone, A, D> Clone for AlongAxes<F, A, D> {
    fn clone(&self) -> Self {
        AlongAxes {
            outer: self.outer.clone(),
            axes: self.axes,
            shape: self.shape.clone(),
            element: PhantomData,
        }
    }
}

impl<F, A, D> fmt::Debug for AlongAxes<F, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlongAxes({:?} of {:?})", self.axes, self.shape)
    }
}

/// Reads the sub-views of an array along two axes; `E` are the axes of an item of the first.
pub struct AxesReader<R, E> {
    reader: R,
    /// The second axis among those of an item of the first, and its length.
    inner: Axis,
    len: usize,
    item: PhantomData<fn() -> E>,
}

impl<R, E> fmt::Debug for AxesReader<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AxesReader({:?}, {} long, of each item)", self.inner, self.len)
    }
}

impl<R, E> AxesReader<R, E> {
    /// Of which indices of the first axis a share is.
    fn outer(&self, share: &Range<usize>) -> Range<usize> {
        let len = self.len.max(1);
        share.start / len..share.end.div_ceil(len)
    }
}

/// Whether readers of the first axis prepare nothing for what they will read.
fn prepares_nothing<'f, P: Param, F: Functor<P> + 'f>(_: &'f F) -> bool {
    <F::Reader<'f> as Read<P>>::PREPARES_NOTHING
}

/// All of a functor but the shape of its items; an item of the first axis has the axes `$item`.
macro_rules! pairs {
    ($item:ty) => {
        type Reader<'f>
            = AxesReader<F::Reader<'f>, $item>
        where
            Self: 'f;

        fn num_items(&self) -> usize {
            self.num_pairs()
        }

        fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
            self.check_axes()?;
            let (inner, [_, len]) = (self.inner(), self.lengths());
            Ok(AxesReader { reader: self.outer.reader()?, inner, len, item: PhantomData })
        }

        fn items_together(&self) -> usize {
            // What lies in memory is as well read by several workers.
            match prepares_nothing::<SubView<A, $item>, F>(&self.outer) {
                true => 1,
                false => self.outer.items_together().saturating_mul(self.lengths()[1].max(1)),
            }
        }

        fn items_inseparable(&self) -> usize {
            self.outer.items_inseparable().saturating_mul(self.lengths()[1].max(1))
        }

        fn check(&self) -> Result<(), SourceError> {
            self.check_axes()?;
            self.outer.check()
        }

        fn announce(&self) {
            self.outer.announce();
        }
    };
}

/// The dimension of what is left of `D` without two axes.
type WithoutTwo<D> = <<D as Dimension>::Smaller as Dimension>::Smaller;

#[diagnostic::do_not_recommend]
impl<F, A, D> Functor<SubView<A, WithoutTwo<D>>> for AlongAxes<F, A, D>
where
    F: Functor<SubView<A, D::Smaller>>,
    A: 'static,
    D: RemoveAxis<Smaller: RemoveAxis<Smaller: 'static> + 'static>,
{
    pairs!(D::Smaller);

    fn item_shape(&self) -> Option<ItemShape<WithoutTwo<D>>> {
        self.check_axes().ok()?;
        let outer = self.outer.item_shape()?;
        Some(ItemShape::new(outer.raw_dim().remove_axis(self.inner())))
    }
}

impl<R, A, E> Read<SubView<A, E::Smaller>> for AxesReader<R, E>
where
    R: Read<SubView<A, E>>,
    A: 'static,
    E: RemoveAxis<Smaller: 'static> + 'static,
{
    type Error = R::Error;
    const PREPARES_NOTHING: bool = R::PREPARES_NOTHING;

    #[inline]
    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, E::Smaller>, R::Error> {
        let outer = self.reader.read(index / self.len)?;
        Ok(outer.index_axis_move(self.inner, index % self.len))
    }

    fn begin(&mut self, share: Range<usize>) {
        self.reader.begin(self.outer(&share));
    }
}

macro_rules! elements {
    ($([$kind:ident, $bound:ident] |$element:ident| $item:expr, $type:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<F, A> Functor<$kind<A>> for AlongAxes<F, A, Ix2>
        where
            F: Functor<SubView<A, Ix1>>,
            A: $bound + 'static,
        {
            pairs!(Ix1);
        }

        impl<R, A> Read<$kind<A>> for AxesReader<R, Ix1>
        where
            R: Read<SubView<A, Ix1>>,
            A: $bound + 'static,
        {
            type Error = R::Error;
            const PREPARES_NOTHING: bool = R::PREPARES_NOTHING;

            #[inline]
            fn read(&mut self, index: usize) -> Result<$type, R::Error> {
                let line = self.reader.read(index / self.len)?;
                let $element: &A = line.index_axis_move(Axis(0), index % self.len).into_scalar();
                Ok($item)
            }

            fn begin(&mut self, share: Range<usize>) {
                self.reader.begin(self.outer(&share));
            }
        }
    )+};
}
elements! {
    [ByValue, Copy] |element| *element, A;
    [ByRef, Sized] |element| element, &A;
}

given_by_value! {
    [F, A, D,] AlongAxes<F, A, D>;
}

macro_rules! natural {
    ($([$dim:ty] $param:ty, $of_first:ty;)+) => {$(
        natural_items! {
            [F: Functor<$of_first>, A: 'static] AlongAxes<F, A, $dim>: $param;
        }
    )+};
}
natural! {
    [Ix2] ByRef<A>, SubView<A, Ix1>;
    [Ix3] SubView<A, Ix1>, SubView<A, Ix2>;
    [Ix4] SubView<A, Ix2>, SubView<A, Ix3>;
    [Ix5] SubView<A, Ix3>, SubView<A, Ix4>;
    [Ix6] SubView<A, Ix4>, SubView<A, Ix5>;
    [IxDyn] SubView<A, IxDyn>, SubView<A, IxDyn>;
}

impl<B: Element, E: Dimension> SharedArray<B, E> {
    /// Gives an output both axes that were mapped along: of `(n * m, …)` it makes `(n, m, …)`.
    ///
    /// `source` is what was mapped over, `pasha::axes(&array, [Axis(0), Axis(1)])`. Nothing is
    /// copied, in no order of the axes.
    ///
    /// # Errors
    /// [`Error::Argument`] if the output does not have a slot for each pair of indices of
    /// `source`, or its axes were changed since it was allocated.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array4, Axis};
    ///
    /// let frames = Array4::<u16>::ones((3, 2, 4, 5)); // (train, module, y, x)
    /// let by_module = pasha::axes(&frames, [Axis(0), Axis(1)]);
    /// let rows = pasha::map(&by_module, |_, _, frame| [frame.sum(), frame[[0, 0]]])?;
    /// assert_eq!(rows.into_axes(&by_module)?[[2, 1]], [20, 1]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn into_axes<F, A, D>(
        self,
        source: &AlongAxes<F, A, D>,
    ) -> Result<SharedArray<B, E::Larger>> {
        let lengths = source.lengths();
        let shape = self.shape().to_vec();
        let refused = |advice: String| Error::Argument {
            argument: "the output".to_owned(),
            value: format!("of shape {shape:?}"),
            advice,
        };
        if shape.first() != Some(&source.num_pairs()) {
            return Err(refused(format!(
                "its first axis must be the {} pairs of indices of {lengths:?} that were mapped \
                 over",
                source.num_pairs()
            )));
        }
        self.split_first_axis(lengths).ok_or_else(|| {
            refused("its axes were changed since it was allocated: split it as it was".to_owned())
        })
    }
}
