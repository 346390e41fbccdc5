//! Several kernels over the same items: each item is read once, and all kernels get it.

use super::bound::BoundKernel;
use crate::kernel::Kernel;
use crate::kernel::together::{CloneItems, SameItems, Together};
use crate::output::several::SetOfEach;

/// Makes one kernel of several over the same items, which reads each item once.
///
/// `kernels` is a tuple of two to eight bound kernels whose items are the same: of the same types,
/// in the same order, and `Clone`, as views, numbers and all items of pasha's are. The outputs are
/// a tuple of what each kernel gives. At each item the kernels are called one after another, in the
/// order of the tuple; what the source has read, decompressed or corrected for the item serves all.
/// Where one of them fails at an item, those behind it are not called for it, and the item as a
/// whole is what failed: the error, or what `on_failure` says, is for all.
///
/// # Examples
/// ```
/// use ndarray::{Array3, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, array};
///
/// /// The counts of each row of a frame `(y, x)`.
/// #[pasha::kernel]
/// fn rows(
///     frame: ArrayView2<u16>,
///     #[output(shape = frame.nrows())] mut counts: ArrayViewMut1<u64>,
/// ) {
///     counts.assign(&frame.map_axis(Axis(1), |row| row.iter().map(|&n| u64::from(n)).sum()));
/// }
///
/// /// The sum of all frames, and the brightest pixel of each.
/// #[pasha::kernel]
/// fn overview(
///     frame: ArrayView2<u16>,
///     #[reduce(sum, like = frame)] mut total: ArrayViewMut2<u64>,
/// ) -> u16 {
///     total.zip_mut_with(&frame, |total, &count| *total += u64::from(count));
///     frame.iter().copied().max().unwrap_or_default()
/// }
///
/// let frames = Array3::from_shape_fn((10, 2, 3), |(n, y, _)| (n * (y + 1)) as u16);
/// let both = pasha::together((rows::bind(), overview::bind()));
/// let (counts, overview) = both.run_parallel(&frames)?;
/// assert_eq!(counts.row(4), array![12, 24]);
/// assert_eq!(overview.total.row(0), array![45, 45, 45]);
/// assert_eq!(overview.result[9], 18);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn together<T: KernelTuple>(kernels: T) -> BoundKernel<T::Together> {
    BoundKernel::new(kernels.into_one())
}

/// A tuple of bound kernels over the same items, for [`together`].
#[diagnostic::on_unimplemented(
    message = "this is not a tuple of bound kernels",
    label = "not two to eight kernels",
    note = "write `pasha::together((first::bind(…), second::bind(…)))`, with the shared parameters of each kernel in its `bind`"
)]
pub trait KernelTuple {
    /// One kernel that calls them all.
    type Together: Kernel;

    /// Makes one kernel of them.
    #[doc(hidden)]
    fn into_one(self) -> Self::Together;
}

macro_rules! nested {
    ([$kernel:ty] [$($set:ident)+]) => { $kernel };
    ([$kernel:ty] [$($set:ident)+] $next:ident $($rest:ident)*) => {
        nested!(
            [Together<$kernel, $next, SetOfEach<($($set::Set,)+ $next::Set)>>]
            [$($set)+ $next] $($rest)*
        )
    };
}

macro_rules! into_nested {
    ([$kernel:expr]) => { $kernel };
    ([$kernel:expr] $next:ident $($rest:ident)*) => {
        into_nested!([Together::new($kernel, $next.into_kernel())] $($rest)*)
    };
}

macro_rules! kernel_tuple {
    ($first:ident $first_value:ident, $($kernel:ident $value:ident),+) => {
        impl<$first, $($kernel),+> KernelTuple for (BoundKernel<$first>, $(BoundKernel<$kernel>,)+)
        where
            $first: Kernel<Items: CloneItems>,
            $($kernel: Kernel<Items: SameItems<$first::Items>>),+
        {
            type Together = nested!([$first] [$first] $($kernel)+);

            fn into_one(self) -> Self::Together {
                let ($first_value, $($value,)+) = self;
                into_nested!([$first_value.into_kernel()] $($value)+)
            }
        }
    };
}
kernel_tuple!(A a, B b);
kernel_tuple!(A a, B b, C c);
kernel_tuple!(A a, B b, C c, D d);
kernel_tuple!(A a, B b, C c, D d, E e);
kernel_tuple!(A a, B b, C c, D d, E e, F f);
kernel_tuple!(A a, B b, C c, D d, E e, F f, G g);
kernel_tuple!(A a, B b, C c, D d, E e, F f, G g, H h);
