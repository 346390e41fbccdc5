//! Kernels that other macros write.
#![deny(warnings)]

use ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2};

const N: usize = 3;

macro_rules! kernels {
    ($(
        $(#[$attr:meta])* $vis:vis $name:ident: $ty:ty => $out:ty,
        $shape:expr, $fill:literal, $shared:ty, $lifetime:lifetime;
    )+) => {$(
        $(#[$attr])*
        #[pasha::kernel]
        $vis fn $name<$lifetime>(
            value: $ty,
            #[shared] n: $shared,
            #[shared] by: &$lifetime f64,
            #[output(shape = $shape, fill = $fill)] mut first: ArrayViewMut1<$out>,
            #[output(shape = n)] mut second: ArrayViewMut1<f64>,
        ) -> Result<$out, String> {
            first[0] = value as $out;
            second.fill(*by);
            Ok(value as $out)
        }
    )+};
}

kernels! {
    /// Narrows.
    pub(crate) narrow: f64 => f32, N + 1, 2.0, usize, 'a;
    widen: u8 => f64, { let n = N; n }, 3.0, usize, 's;
}

macro_rules! on_views {
    ($name:ident, $view:ty, $output:ident, $returned:ty, $body:block) => {
        #[pasha::kernel]
        fn $name(
            frame: $view,
            #[output(like = frame)] $output: ArrayViewMut2<u8>,
        ) -> $returned $body
    };
}

on_views!(value, ArrayView2<'_, u8>, _out, f64, { 1.0 });
on_views!(tuple, ArrayView2<'_, u8>, _out, (f64, u8), { (1.0, 2) });
on_views!(fallible, ArrayView2<'_, u8>, _out, Result<(), String>, { Ok(()) });
on_views!(row, ArrayView2<'_, u8>, _out, [f64; 4], { [1.0; 4] });

fn main() -> pasha::Result<()> {
    let out = narrow::run_serial(&[1.0, 2.0], 2, &5.0)?;
    assert_eq!((out.first[[1, 0]], out.first[[1, 3]], out.second[[1, 1]]), (2.0, 2.0, 5.0));
    assert_eq!(widen::run_serial(&[1], 2, &5.0)?.first.shape(), [1, 3]);
    let frames = ndarray::Array3::<u8>::zeros((2, 3, 4));
    assert_eq!(value::run_serial(&frames)?._out.shape(), [2, 3, 4]);
    assert_eq!(tuple::run_serial(&frames)?.result.1[1], 2);
    assert_eq!(fallible::run_serial(&frames)?.shape(), [2, 3, 4]);
    assert_eq!(row::run_serial(&frames)?.result.shape(), [2, 4]);
    Ok(())
}
