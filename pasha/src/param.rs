//! What a kernel's item parameter is: the kinds of items, and lists of them.
//!
//! A *parameter kind* is a marker type that says what the kernel gets for one index: a value, a
//! reference, a sub-view of an array. It is all that the attribute names; which functor delivers
//! such items is decided at the call.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{ArrayView, Dimension};

/// A kind of kernel parameter that is bound to a functor: what the kernel gets for one index.
///
/// Implement it only for items of your own that borrow from their reader (see [`KernelItem`]);
/// values, references and array views are covered by [`ByValue`], [`ByRef`] and [`SubView`].
///
/// # Examples
/// ```
/// use pasha::{ItemShape, KernelItem, Param};
///
/// /// A spectrum with the energy of its first channel in eV.
/// struct Spectrum<'a> { first: f64, counts: ndarray::ArrayView1<'a, u32> }
///
/// /// The kind of parameter that gets a [`Spectrum`].
/// struct SpectrumParam;
///
/// impl Param for SpectrumParam {
///     type Item<'r> = Spectrum<'r>;
///     type Shape = ItemShape<ndarray::Ix1>; // `like = spectrum` takes it
/// }
///
/// impl KernelItem for Spectrum<'_> { type Param = SpectrumParam; }
/// ```
pub trait Param: 'static {
    /// What the kernel gets for one index, lent by the reader for the time of one call.
    type Item<'r>;

    /// What is known about every item before the first is read: its shape, or `()`.
    type Shape: Clone;

    /// Bytes of an element of an item that is an array; 0 of any other item.
    #[doc(hidden)]
    const ELEMENT_BYTES: usize = 0;

    /// The lengths of the axes of an item of this shape, if it has axes.
    #[doc(hidden)]
    fn axes_of(shape: &Self::Shape) -> Option<&[usize]> {
        let _ = shape;
        None
    }
}

/// The item is a value: `value: f64`.
///
/// # Examples
/// ```
/// use pasha::{ByValue, Functor};
///
/// /// Anything whose items are numbers.
/// fn count(source: &impl Functor<ByValue<f64>>) -> usize { source.num_items() }
///
/// assert_eq!(count(&vec![0.5, 1.5]), 2);
/// ```
pub struct ByValue<T>(PhantomData<fn() -> T>);

/// The item is a reference: `value: &f64`.
///
/// # Examples
/// ```
/// use pasha::{ByRef, Functor};
///
/// /// Anything whose items are texts.
/// fn count(source: &impl Functor<ByRef<str>>) -> usize { source.num_items() }
///
/// assert_eq!(count(&vec!["a".to_owned(), "b".to_owned()]), 2);
/// ```
pub struct ByRef<T: ?Sized>(PhantomData<fn(&T)>);

/// The item is a read-only view of an array: `frame: ArrayView2<u16>`.
///
/// # Examples
/// ```
/// use ndarray::{Array3, Ix2};
/// use pasha::{Functor, SubView};
///
/// /// Anything whose items are frames of counts.
/// fn count(source: &impl Functor<SubView<u16, Ix2>>) -> usize { source.num_items() }
///
/// assert_eq!(count(&Array3::<u16>::zeros((10, 64, 128))), 10);
/// ```
pub struct SubView<A, D>(PhantomData<fn() -> (A, D)>);

impl<T: 'static> Param for ByValue<T> {
    type Item<'r> = T;
    type Shape = ();
}

impl<T: ?Sized + 'static> Param for ByRef<T> {
    type Item<'r> = &'r T;
    type Shape = ();
}

impl<A: 'static, D: Dimension + 'static> Param for SubView<A, D> {
    type Item<'r> = ArrayView<'r, A, D>;
    type Shape = ItemShape<D>;
    const ELEMENT_BYTES: usize = size_of::<A>();

    fn axes_of(shape: &ItemShape<D>) -> Option<&[usize]> {
        Some(shape.shape())
    }
}

/// A type that names itself a kernel item, so that it may be the type of a kernel's parameter.
///
/// It is for items that borrow from their reader, that is, for types with a lifetime. A type
/// without one is passed by value ([`ByValue`]) and needs no such implementation.
///
/// # Examples
/// ```
/// use pasha::{Functor, KernelItem, Param, Read, SourceError};
///
/// /// One line of a text and its number.
/// struct Line<'a> { number: usize, text: &'a str }
///
/// /// The kind of parameter that gets a [`Line`].
/// struct LineParam;
/// impl Param for LineParam { type Item<'r> = Line<'r>; type Shape = (); }
/// impl<'a> KernelItem for Line<'a> { type Param = LineParam; }
///
/// struct Lines(Vec<String>);
/// impl Functor<LineParam> for Lines {
///     type Reader<'f> = &'f Lines;
///     fn num_items(&self) -> usize { self.0.len() }
///     fn reader(&self) -> Result<&Lines, SourceError> { Ok(self) }
/// }
/// impl Read<LineParam> for &Lines {
///     type Error = std::convert::Infallible;
///     fn read(&mut self, index: usize) -> Result<Line<'_>, Self::Error> {
///         Ok(Line { number: index + 1, text: &self.0[index] })
///     }
/// }
///
/// /// Measures a line.
/// #[pasha::kernel]
/// fn measure(line: Line<'_>) -> [u64; 2] {
///     [line.number as u64, line.text.len() as u64]
/// }
///
/// let text = Lines(vec!["to map".into(), "a kernel".into()]);
/// let out = measure::run_serial(&text)?;
/// assert_eq!(out, ndarray::array![[1, 6], [2, 8]]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name itself a kernel item",
    label = "a parameter with a lifetime must be a reference, an `ArrayView`, or implement `pasha::KernelItem`",
    note = "pass it by value without a lifetime, or implement `pasha::KernelItem` for it",
    note = "an `ArrayView` of another version of ndarray is another type: pasha lends those of ndarray 0.17, which it exports as `pasha::ndarray`",
    note = "all that an item may be: the documentation's page `pasha::guide::items`"
)]
pub trait KernelItem {
    /// The parameter kind whose items are of this type.
    type Param: Param;
}

impl<A: 'static, D: Dimension + 'static> KernelItem for ArrayView<'_, A, D> {
    type Param = SubView<A, D>;
}

/// The shape that every item of a functor has, known before the first is read.
///
/// In the expressions of `#[output(shape = …)]` an item's name stands for this, with the
/// methods of the array that the kernel will get.
///
/// # Examples
/// ```
/// use ndarray::{Array3, ArrayView2, ArrayViewMut1};
///
/// /// Sums the rows of a frame.
/// #[pasha::kernel]
/// fn row_sums(
///     frame: ArrayView2<f64>,
///     #[output(shape = frame.nrows())] mut sums: ArrayViewMut1<f64>,
/// ) {
///     sums.assign(&frame.sum_axis(ndarray::Axis(1)));
/// }
///
/// let frames = Array3::<f64>::ones((5, 2, 3));
/// assert_eq!(row_sums::run_serial(&frames)?, ndarray::Array2::from_elem((5, 2), 3.0));
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ItemShape<D>(D);

impl<D: Dimension> ItemShape<D> {
    /// Wraps the dimension of an item, for a functor's [`item_shape`](crate::Functor::item_shape).
    ///
    /// # Examples
    /// ```
    /// use pasha::ItemShape;
    ///
    /// let frame = ItemShape::new((64, 128)); // (y, x)
    /// assert_eq!(frame.shape(), [64, 128]);
    /// ```
    pub fn new(dim: impl ndarray::IntoDimension<Dim = D>) -> Self {
        ItemShape(dim.into_dimension())
    }

    /// The shape as a tuple (or number), as `ArrayBase::dim` gives it.
    ///
    /// # Examples
    /// ```
    /// let (ny, nx) = pasha::ItemShape::new((64, 128)).dim();
    /// assert_eq!((ny, nx), (64, 128));
    /// ```
    pub fn dim(&self) -> D::Pattern {
        self.0.clone().into_pattern()
    }

    /// The shape as ndarray's dimension type.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::ItemShape::new((64, 128)).raw_dim(), ndarray::Ix2(64, 128));
    /// ```
    pub fn raw_dim(&self) -> D {
        self.0.clone()
    }

    /// The shape as a slice, one length per axis.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::ItemShape::new((64, 128)).shape(), [64, 128]);
    /// ```
    pub fn shape(&self) -> &[usize] {
        self.0.slice()
    }

    /// The number of axes.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::ItemShape::new((64, 128)).ndim(), 2);
    /// ```
    pub fn ndim(&self) -> usize {
        self.0.ndim()
    }

    /// The number of elements in one item.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, ArrayView2, ArrayViewMut1};
    ///
    /// /// The pixels of a frame in one row.
    /// #[pasha::kernel]
    /// fn flatten(
    ///     frame: ArrayView2<u16>,
    ///     #[output(shape = frame.len())] mut row: ArrayViewMut1<u16>,
    /// ) {
    ///     row.iter_mut().zip(frame).for_each(|(place, &count)| *place = count);
    /// }
    ///
    /// assert_eq!(flatten::run_serial(&Array3::ones((10, 4, 5)))?.shape(), [10, 20]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.0.size()
    }

    /// Whether an item has no elements.
    ///
    /// # Examples
    /// ```
    /// assert!(!pasha::ItemShape::new((64, 128)).is_empty());
    /// assert!(pasha::ItemShape::new((64, 0)).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of one axis.
    ///
    /// # Panics
    /// Panics if the item has no such axis.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Axis;
    ///
    /// assert_eq!(pasha::ItemShape::new((64, 128)).len_of(Axis(1)), 128);
    /// ```
    pub fn len_of(&self, axis: ndarray::Axis) -> usize {
        self.0[axis.index()]
    }
}

impl ItemShape<ndarray::Ix2> {
    /// The number of rows, the length of axis 0.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::ItemShape::new((64, 128)).nrows(), 64);
    /// ```
    pub fn nrows(&self) -> usize {
        self.0[0]
    }

    /// The number of columns, the length of axis 1.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(pasha::ItemShape::new((64, 128)).ncols(), 128);
    /// ```
    pub fn ncols(&self) -> usize {
        self.0[1]
    }
}

impl<D: Dimension> fmt::Debug for ItemShape<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemShape({:?})", self.0.slice())
    }
}

impl<T: ?Sized> fmt::Debug for ByRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByRef")
    }
}

impl<T> fmt::Debug for ByValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByValue")
    }
}

impl<A, D> fmt::Debug for SubView<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubView")
    }
}

/// The list of a kernel's item parameters, nested to the right: `(P0, (P1, ()))`.
///
/// One trait and two implementations serve kernels with any number of items.
pub trait ItemList: 'static {
    /// The items of one index, nested as the list is.
    type Items<'r>;

    /// What is known about the items before the first is read, nested as the list is.
    type Shapes: Clone;
}

impl ItemList for () {
    type Items<'r> = ();
    type Shapes = ();
}

impl<P: Param, L: ItemList> ItemList for (P, L) {
    type Items<'r> = (P::Item<'r>, L::Items<'r>);
    type Shapes = (Option<P::Shape>, L::Shapes);
}
