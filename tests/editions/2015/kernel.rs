//! Kernels in crates of Rust 2015 and 2018, where `gen` (and in 2015 `async` and `dyn`) is a name
//! as others, and `::core` need not be found.
#![allow(rust_2018_idioms)]

extern crate ndarray;
extern crate pasha;

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn gen(
    gen: f64,
    #[shared] n: usize,
    #[output] r#type: &mut f64,
    #[output(shape = n)] mut r#dyn: ArrayViewMut1<'_, f64>,
) -> Result<f64, String> {
    *r#type = gen;
    r#dyn.fill(1.0);
    Ok(gen)
}

#[test]
fn a_kernel_may_have_a_name_that_is_reserved_in_later_editions() {
    let out: GenOutput = gen::run_parallel(&[1.0, 2.0], 3).unwrap();
    assert_eq!(out.result[1], 2.0);
    assert_eq!(out.r#type[1], 2.0);
    assert_eq!(out.r#dyn.shape(), [2, 3]);
    assert_eq!(gen::bind(3).run_serial(&[4.0]).unwrap().result[0], 4.0);
}

macro_rules! count {
    ($($token:tt)*) => {
        [$(stringify!($token)),*].len()
    };
}

/// The attribute reads this file, because there is a `GenOutput` in it.
#[test]
fn a_kernel_may_stand_beside_what_is_no_token_in_later_editions() {
    assert_eq!(count!(z"text" a#b), 5);
}
