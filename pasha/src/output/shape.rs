//! Which values are the shape of a slot.

use ndarray::{Dimension, IntoDimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn};

/// What may be given as the shape of a slot that is an array of dimension `D`.
// A trait of its own, because the compiler tells of a missing implementation in the words below,
// and of a shape with another number of axes in those of ndarray's traits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no shape of a slot of dimension `{D}`",
    label = "no shape of dimension `{D}`",
    note = "a shape is one `usize` for each axis of the slot: `3` for `ArrayViewMut1`, `(2, 3)` for `ArrayViewMut2` and so on, or `like = item` for that of an item with as many axes; other integers become one with `as usize`"
)]
pub trait SlotDimension<D> {
    /// The shape.
    fn into_dim(self) -> D;
}

impl<D: Dimension> SlotDimension<D> for D {
    fn into_dim(self) -> D {
        self
    }
}

macro_rules! shapes {
    ($($dim:ident: $($shape:ty),+;)+) => {$($(
        impl SlotDimension<$dim> for $shape {
            fn into_dim(self) -> $dim {
                self.into_dimension()
            }
        }
    )+)+};
}
shapes! {
    Ix0: (), [usize; 0];
    Ix1: usize, (usize,), [usize; 1];
    Ix2: (usize, usize), [usize; 2];
    Ix3: (usize, usize, usize), [usize; 3];
    Ix4: (usize, usize, usize, usize), [usize; 4];
    Ix5: (usize, usize, usize, usize, usize), [usize; 5];
    Ix6: (usize, usize, usize, usize, usize, usize), [usize; 6];
    IxDyn: &[usize], Vec<usize>;
}
