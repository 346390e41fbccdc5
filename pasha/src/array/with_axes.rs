//! Shared arrays by their number of axes, as ndarray names its own.

use ndarray::{Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6};

use super::SharedArray;

macro_rules! with_axes {
    ($($name:ident $dim:ident $text:literal)+) => {$(
        #[doc = concat!("A [`SharedArray`] with ", $text, ".")]
        pub type $name<A> = SharedArray<A, $dim>;
    )+};
}
with_axes! {
    SharedArray0 Ix0 "no axis: one element"
    SharedArray1 Ix1 "one axis"
    SharedArray2 Ix2 "two axes, `(y, x)`"
    SharedArray3 Ix3 "three axes, `(n, y, x)`"
    SharedArray4 Ix4 "four axes"
    SharedArray5 Ix5 "five axes"
    SharedArray6 Ix6 "six axes"
}
