//! Generic kernels, lifetimes, visibility, kernels in function bodies, in modules and in tests.

use std::fmt::Display;
use std::ops::{Add, Mul};

use ndarray::{Array1, ArrayView, ArrayView1, ArrayViewMut, Dimension, array};
use pasha::{Context, Element};
use pasha_tests::for_each_context;

/// Generic over the element.
#[pasha::kernel]
fn scale<T: Copy + Mul<Output = T>>(value: T, #[shared] factor: T) -> T {
    factor * value
}

/// A where clause, two parameters, one of which shapes nothing.
#[pasha::kernel]
fn label<T, L>(value: T, #[shared] labels: &[L], #[output] len: &mut usize) -> T
where
    T: Copy + Add<Output = T>,
    L: Display + Sync,
{
    *len = labels.iter().map(|label| label.to_string().len()).sum();
    value + value
}

/// A constant parameter.
#[pasha::kernel]
fn powers<const N: usize>(value: i64) -> [i64; N] {
    let mut power = 1;
    std::array::from_fn(|_| {
        power *= value;
        power
    })
}

/// A parameter that nothing but the body names.
#[pasha::kernel]
fn sized<T: Default + 'static>(value: usize) -> usize {
    let _ = T::default();
    value * size_of::<T>()
}

/// Generic over the number of axes.
#[pasha::kernel]
fn copy<D: Dimension + 'static>(
    item: ArrayView<f32, D>,
    #[output(like = item)] mut same: ArrayViewMut<f64, D>,
) {
    same.zip_mut_with(&item, |to, &from| *to = f64::from(from));
}

/// A lifetime that ties shared parameters.
#[pasha::kernel]
fn longest<'a>(index: usize, #[shared] names: &'a [&'a str], #[shared] other: &'a str) -> usize {
    let pick: &'a str = if names[index].len() > other.len() { names[index] } else { other };
    pick.len()
}

/// A mutable binding stays the function's own business.
#[pasha::kernel]
fn countdown(mut value: u32) -> u32 {
    let mut steps = 0;
    while value > 0 {
        value /= 2;
        steps += 1;
    }
    steps
}

mod inner {
    /// Visible to the parent alone.
    #[pasha::kernel]
    pub(super) fn shift(value: i32, #[shared] by: i32, #[output] double: &mut i32) -> i32 {
        *double = 2 * value;
        value + by
    }

    pub(super) mod deeper {
        #[pasha::kernel]
        pub(in super::super) fn negate(value: i32) -> i32 {
            -value
        }
    }
}

// One `use` brings the function and the generated type.
use inner::deeper::negate;
use inner::shift;

for_each_context! {
    fn generic_elements(context: &dyn Context) {
        assert_eq!(scale::run_in(context, &[1.5, 2.0], 2.0).unwrap(), array![3.0, 4.0]);
        assert_eq!(scale::run_in(context, &vec![3_u8, 4], 2).unwrap(), array![6, 8]);
        let z = num_complex::Complex::new(0.0_f32, 1.0);
        assert_eq!(scale::run_in(context, &[z], z).unwrap(), array![z * z]);
    }

    fn where_clauses(context: &dyn Context) {
        let out = label::run_in(context, &[1, 2], &[1.5, 22.25]).unwrap();
        assert_eq!(out.result, array![2, 4]);
        assert_eq!(out.len, array![8, 8]);
    }

    fn constants(context: &dyn Context) {
        let out = powers::run_in::<3>(context, &[2, 3]).unwrap();
        assert_eq!(out, array![[2, 4, 8], [3, 9, 27]]);
        assert_eq!(sized::run_in::<u32>(context, &[2]).unwrap(), array![8]);
    }

    fn any_number_of_axes(context: &dyn Context) {
        let frames = ndarray::Array3::<f32>::ones((4, 2, 3));
        assert_eq!(copy::run_in(context, &frames).unwrap(), frames.mapv(f64::from));
        let lines = ndarray::Array2::<f32>::ones((4, 2));
        assert_eq!(copy::run_in(context, &lines).unwrap(), lines.mapv(f64::from));
        let dynamic = frames.clone().into_dyn();
        assert_eq!(copy::run_in(context, &dynamic).unwrap(), dynamic.mapv(f64::from));
    }

    fn lifetimes(context: &dyn Context) {
        let names = [String::from("a"), String::from("abc")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(longest::run_in(context, 0..2_usize, &names, "ab").unwrap(), array![2, 3]);
    }

    fn modules(context: &dyn Context) {
        let out = shift::run_in(context, &[1, 2], 10).unwrap();
        assert_eq!(out.result, array![11, 12]);
        assert_eq!(out.double, array![2, 4]);
        assert_eq!(negate::run_in(context, &[1]).unwrap(), array![-1]);
        assert_eq!((negate(1), countdown(1024)), (-1, 11));
        assert_eq!(countdown::run_in(context, &[0, 1, 1024]).unwrap(), array![0, 1, 11]);
    }

    fn kernels_in_a_function_body(context: &dyn Context) {
        #[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
        #[repr(C)]
        struct Local(u64);

        /// Uses a type that only this body has.
        #[pasha::kernel]
        fn local(value: u64, #[shared] add: Local, #[output] out: &mut Local) -> Local {
            *out = Local(value);
            Local(value + add.0)
        }

        let out: LocalOutput = local::run_in(context, &[1, 2], Local(5)).unwrap();
        assert_eq!((out.result[1].0, out.out[1].0), (7, 2));
    }
}

/// A kernel can be run from code that is itself generic.
fn run_generically<T>(context: &dyn Context, inp: &Array1<T>, factor: T) -> Array1<T>
where
    T: Element + Mul<Output = T>,
{
    scale::run_in(context, inp, factor).unwrap().to_owned()
}

#[test]
fn generic_callers() {
    let inp = array![1.0_f32, 2.0];
    assert_eq!(run_generically(&pasha::SerialContext::new(), &inp, 3.0), array![3.0, 6.0]);
}

/// Names that generated code might use too.
#[pasha::kernel]
fn clashing(
    context: f64,
    items: ArrayView1<f64>,
    #[shared] out: f64,
    #[shared] kernel: f64,
    #[shared] functors: f64,
    #[index] index: usize,
    #[worker_id] worker_id: usize,
    #[output(shape = items.len())] mut slots: ndarray::ArrayViewMut1<f64>,
) -> f64 {
    assert!(worker_id < 100);
    slots.assign(&items);
    context + out + kernel + functors + index as f64
}

#[test]
fn names_do_not_clash() {
    let items = ndarray::Array2::ones((2, 3));
    let all = clashing::run_parallel(&[1.0, 2.0], &items, 10.0, 20.0, 30.0).unwrap();
    assert_eq!(all.result, array![61.0, 63.0]);
    assert_eq!(all.slots, items);
}
