//! The item: what a kernel gets of one train.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{ArrayView, Dimension};

use crate::param::{ItemShape, KernelItem, Param};

/// The data of one key in one train.
///
/// A kernel with a parameter `train: Train<'_, u16, Ix2>` maps over a
/// [`Key<u16, Ix2>`](super::Key). It is not called for trains without data; one with
/// `train: Option<Train<'_, u16, Ix2>>` gets `None` for them.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// use ndarray::Ix2;
/// use pasha::xfel::Train;
///
/// /// A train's id and the counts of its image; 0 where there is none.
/// #[pasha::kernel]
/// fn total(train: Option<Train<'_, u16, Ix2>>) -> [u64; 2] {
///     let Some(train) = train else { return [0, 0] };
///     [train.id, train.data.iter().map(|&count| u64::from(count)).sum()]
/// }
///
/// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
/// let totals = total::run_parallel(&images)?;
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct Train<'a, A, D> {
    /// The train's id.
    pub id: u64,
    /// The train's position in the key's list of trains. Where chosen ones of them are mapped over
    /// ([`select`](crate::select)), the position of its slot is another: the kernel's `#[index]`.
    pub index: usize,
    /// Its entry; or, where the key was opened with one axis more than an entry has, all its
    /// entries, along axis 0. Borrowed from the reader's buffer, or from the mapped file.
    pub data: ArrayView<'a, A, D>,
}

impl<A: fmt::Debug, D: Dimension> fmt::Debug for Train<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Train { id, index, data } = self;
        f.debug_struct("Train").field("id", id).field("index", index).field("data", data).finish()
    }
}

impl<A, D: Dimension> Clone for Train<'_, A, D> {
    fn clone(&self) -> Self {
        Train { id: self.id, index: self.index, data: self.data.clone() }
    }
}

/// The kind of parameter that gets a [`Train`].
pub struct TrainParam<A, D>(PhantomData<fn() -> (A, D)>);

/// The kind of parameter that gets an `Option<Train>`.
pub struct TrainOrNoneParam<A, D>(PhantomData<fn() -> (A, D)>);

impl<A: 'static, D: Dimension + 'static> Param for TrainParam<A, D> {
    type Item<'r> = Train<'r, A, D>;
    type Shape = ItemShape<D>;
    const ELEMENT_BYTES: usize = size_of::<A>();

    fn axes_of(shape: &ItemShape<D>) -> Option<&[usize]> {
        Some(shape.shape())
    }
}

impl<A: 'static, D: Dimension + 'static> Param for TrainOrNoneParam<A, D> {
    type Item<'r> = Option<Train<'r, A, D>>;
    type Shape = ItemShape<D>;
    const ELEMENT_BYTES: usize = size_of::<A>();

    fn axes_of(shape: &ItemShape<D>) -> Option<&[usize]> {
        Some(shape.shape())
    }
}

impl<A: 'static, D: Dimension + 'static> KernelItem for Train<'_, A, D> {
    type Param = TrainParam<A, D>;
}

impl<A: 'static, D: Dimension + 'static> KernelItem for Option<Train<'_, A, D>> {
    type Param = TrainOrNoneParam<A, D>;
}

impl<A, D> fmt::Debug for TrainParam<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrainParam")
    }
}

impl<A, D> fmt::Debug for TrainOrNoneParam<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrainOrNoneParam")
    }
}
