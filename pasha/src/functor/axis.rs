//! Arrays along an axis: the item is the sub-view at an index, with the other axes in their order.

use std::convert::Infallible;
use std::fmt;
use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayView, Axis, Data, Dimension, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, RemoveAxis,
};

use super::{Functor, NaturalItem, Read, given_by_value, natural_items};
use crate::array::SharedArray;
use crate::error::SourceError;
use crate::files::OpenedFile;
use crate::param::{ItemShape, SubView};

/// Anything that can be viewed as an array: slices, vectors, ndarray's arrays, pasha's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be viewed as an array",
    label = "no array",
    note = "give an array of ndarray, a slice or a `Vec`; collect a range or an iterator first, `let indices: Vec<usize> = (0..5).collect();`; items of a file are chosen by its own `select(0..5)`"
)]
pub trait AsView {
    /// Element type.
    type Elem: 'static;

    /// Dimension type.
    type Dim: Dimension;

    /// A view of all of it.
    fn as_view(&self) -> ArrayView<'_, Self::Elem, Self::Dim>;

    /// The file that the view is of, if it is of one that is mapped into memory.
    #[doc(hidden)]
    fn mapped_file(&self) -> MappedFile<'_> {
        MappedFile::default()
    }
}

/// The file that a view is of, if it is of one: looked at whenever a worker begins to read.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default)]
pub struct MappedFile<'a>(Option<&'a OpenedFile>);

impl<'a> MappedFile<'a> {
    /// A file that was opened.
    pub(super) fn of(opened: &'a OpenedFile) -> Self {
        MappedFile(Some(opened))
    }

    /// Looks whether it still is as it was.
    pub(super) fn check(self) -> Result<(), SourceError> {
        match self.0 {
            Some(opened) => Ok(opened.check_mapped()?),
            None => Ok(()),
        }
    }
}

macro_rules! as_view {
    ($([$($generics:tt)*] $source:ty, $element:ty, $dim:ty, $view:expr;)+) => {$(
        impl<$($generics)*> AsView for $source where $element: 'static {
            type Elem = $element;
            type Dim = $dim;

            fn as_view(&self) -> ArrayView<'_, $element, $dim> {
                let view: for<'f> fn(&'f Self) -> ArrayView<'f, $element, $dim> = $view;
                view(self)
            }
        }
    )+};
}

as_view! {
    [T] [T], T, ndarray::Ix1, |slice| ArrayView::from(slice);
    [T] Vec<T>, T, ndarray::Ix1, |vec| ArrayView::from(&vec[..]);
    [T, const N: usize] [T; N], T, ndarray::Ix1, |array| ArrayView::from(&array[..]);
    [S: Data, D: Dimension] ArrayBase<S, D>, S::Elem, D, |array| array.view();
    [A, D: Dimension] SharedArray<A, D>, A, D, |array| array.view();
}

impl<V: AsView + ?Sized> AsView for &V {
    type Elem = V::Elem;
    type Dim = V::Dim;

    fn as_view(&self) -> ArrayView<'_, V::Elem, V::Dim> {
        (**self).as_view()
    }

    fn mapped_file(&self) -> MappedFile<'_> {
        (**self).mapped_file()
    }
}

/// An array, mapped over along one of its axes; made by [`axis`].
///
/// # Examples
/// ```
/// use ndarray::{Array3, Axis, Ix3};
/// use pasha::AlongAxis;
///
/// let frames = Array3::<u16>::ones((4, 5, 10)); // (y, x, time)
/// let along_time: AlongAxis<'_, u16, Ix3> = pasha::axis(&frames, Axis(2));
/// let totals = pasha::map(along_time, |_, _, frame| frame.sum())?;
/// assert_eq!(totals.shape(), [10]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct AlongAxis<'a, A, D: Dimension> {
    view: ArrayView<'a, A, D>,
    file: MappedFile<'a>,
    axis: Axis,
}

/// Maps over an array along the given axis instead of axis 0.
///
/// The item is the sub-view at an index of that axis; the order of the other axes is kept: for
/// `Axis(1)` of an array `(y, x, t)` it is `(y, t)`. Nothing is copied.
///
/// # Examples
/// ```
/// use ndarray::{ArrayView1, Axis, array};
///
/// /// Sums a line.
/// #[pasha::kernel]
/// fn total(line: ArrayView1<i64>) -> i64 {
///     line.sum()
/// }
///
/// let a = array![[0, 1, 2], [3, 4, 5], [6, 7, 8]];
/// assert_eq!(total::run_serial(&a)?, array![3, 12, 21]);
/// assert_eq!(total::run_serial(pasha::axis(&a, Axis(1)))?, array![9, 12, 15]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn axis<V: AsView + ?Sized>(array: &V, axis: Axis) -> AlongAxis<'_, V::Elem, V::Dim> {
    AlongAxis { view: array.as_view(), file: array.mapped_file(), axis }
}

impl<A, D: Dimension> fmt::Debug for AlongAxis<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlongAxis({:?} of {:?})", self.axis, self.view.shape())
    }
}

impl<A, D: Dimension> fmt::Debug for SubViewReader<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubViewReader({:?} of {:?})", self.axis, self.view.shape())
    }
}

#[diagnostic::do_not_recommend]
impl<A, D> Functor<SubView<A, D::Smaller>> for AlongAxis<'_, A, D>
where
    A: Sync + 'static,
    D: RemoveAxis<Smaller: 'static>,
{
    type Reader<'f>
        = SubViewReader<'f, A, D>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.view.shape().get(self.axis.index()).copied().unwrap_or(0)
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        self.file.check()?;
        Ok(SubViewReader { view: self.view.view(), axis: self.axis })
    }

    fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
        self.check().ok()?;
        Some(ItemShape::new(self.view.raw_dim().remove_axis(self.axis)))
    }

    fn check(&self) -> Result<(), SourceError> {
        let ndim = self.view.ndim();
        if self.axis.index() < ndim {
            return Ok(());
        }
        Err(format!("it has {ndim} axes, counted from Axis(0), so there is no {:?}", self.axis)
            .into())
    }
}

/// Reads the sub-views of an array along an axis.
pub struct SubViewReader<'f, A, D: Dimension> {
    view: ArrayView<'f, A, D>,
    axis: Axis,
}

impl<'f, A, D: Dimension> SubViewReader<'f, A, D> {
    /// Reads the sub-views along axis 0.
    pub(crate) fn along_first_axis(view: ArrayView<'f, A, D>) -> Self {
        SubViewReader { view, axis: Axis(0) }
    }
}

impl<A: 'static, D: RemoveAxis<Smaller: 'static>> Read<SubView<A, D::Smaller>>
    for SubViewReader<'_, A, D>
{
    type Error = Infallible;
    const PREPARES_NOTHING: bool = true;

    #[inline]
    fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, Infallible> {
        Ok(sub_view(&self.view, self.axis, index))
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        place_of(&self.view, self.axis, share)
    }
}

/// The sub-view at an index of an axis.
#[inline(always)]
pub(crate) fn sub_view<'v, A, D: RemoveAxis>(
    view: &'v ArrayView<'_, A, D>,
    axis: Axis,
    index: usize,
) -> ArrayView<'v, A, D::Smaller> {
    // A constant, so that in the usual case the inner loop removes no axis for each item: for rows
    // of three elements that would take twice as long as adding them up.
    if axis == Axis(0) {
        return view.index_axis(Axis(0), index);
    }
    view.index_axis(axis, index)
}

/// Where the entries of a range of an axis lie in memory, if the others do not lie between them.
pub(super) fn place_of<A, D: Dimension>(
    view: &ArrayView<'_, A, D>,
    axis: Axis,
    range: &Range<usize>,
) -> Option<Range<usize>> {
    let elements = elements_of(view.shape(), view.strides(), axis.index(), range)?;
    let at = |element: usize| view.as_ptr().addr() + element * size_of::<A>();
    Some(at(elements.start)..at(elements.end))
}

/// As [`place_of`], in elements behind the first.
fn elements_of(
    shape: &[usize],
    strides: &[isize],
    axis: usize,
    range: &Range<usize>,
) -> Option<Range<usize>> {
    let mut extent = 1;
    for (number, (&len, &stride)) in shape.iter().zip(strides).enumerate() {
        if number != axis {
            extent += len.checked_sub(1)? * usize::try_from(stride).ok()?;
        }
    }
    let step = usize::try_from(*strides.get(axis)?).ok().filter(|&step| step >= extent)?;
    let last = range.end.checked_sub(1).filter(|&last| last >= range.start)?;
    Some(range.start * step..last * step + extent)
}

macro_rules! array_functor {
    ($([$($generics:tt)*] $source:ty, $element:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*, D: RemoveAxis<Smaller: 'static>> Functor<SubView<$element, D::Smaller>> for $source
        where
            Self: Sync,
            $element: 'static,
        {
            type Reader<'f> = SubViewReader<'f, $element, D> where Self: 'f;

            fn num_items(&self) -> usize {
                self.shape().first().copied().unwrap_or(0)
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                Ok(SubViewReader::along_first_axis(self.view()))
            }

            fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
                (self.ndim() > 0).then(|| ItemShape::new(self.raw_dim().remove_axis(Axis(0))))
            }

            fn check(&self) -> Result<(), SourceError> {
                if self.ndim() > 0 {
                    return Ok(());
                }
                Err(crate::functor::NO_AXIS.into())
            }
        }
    )+};
}
array_functor! {
    [S: Data] ArrayBase<S, D>, S::Elem;
    [A: 'static] SharedArray<A, D>, A;
}

given_by_value! {
    ['f, A, D: Dimension,] ArrayView<'f, A, D>;
    ['f, A, D: Dimension,] AlongAxis<'f, A, D>;
}

macro_rules! natural_sub_view {
    ($($dim:ident)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<A: Sync + 'static> NaturalItem for ArrayView<'_, A, $dim> {
            type Param = SubView<A, <$dim as Dimension>::Smaller>;
        }

        #[diagnostic::do_not_recommend]
        impl<S: Data> NaturalItem for &ArrayBase<S, $dim>
        where
            ArrayBase<S, $dim>: Sync,
            S::Elem: 'static,
        {
            type Param = SubView<S::Elem, <$dim as Dimension>::Smaller>;
        }

        #[diagnostic::do_not_recommend]
        impl<A: Sync + 'static> NaturalItem for &SharedArray<A, $dim> {
            type Param = SubView<A, <$dim as Dimension>::Smaller>;
        }
    )+};
}
natural_sub_view!(Ix2 Ix3 Ix4 Ix5 Ix6 IxDyn);

natural_items! {
    ['f, A: Sync + 'static, D: RemoveAxis<Smaller: 'static>] AlongAxis<'f, A, D>: SubView<A, D::Smaller>;
}
