//! What may be an element of an output.

use bytemuck::{Pod, Zeroable};
use half::f16;
use ndarray::{ArrayViewMut, ArrayViewMut0, ArrayViewMut2, IxDyn, array};
use num_complex::Complex;
use pasha::Context;
use pasha_tests::for_each_context;

/// A fitted peak: a plain struct of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Peak {
    position: f64,
    height: f32,
    count: u32,
}

#[pasha::kernel]
fn numbers(value: u8) -> (u128, i8, isize, f32, bool, char) {
    (1 << value, -1, -(value as isize), 0.5, value > 3, 'µ')
}

#[pasha::kernel]
fn complex(value: f64) -> (Complex<f32>, Complex<f64>, f16) {
    (Complex::new(value as f32, 1.0), Complex::new(-1.0, value), f16::from_f64(value))
}

#[pasha::kernel]
fn structs(
    value: f64,
    #[output(shape = (1, 2))] mut grid: ArrayViewMut2<Peak>,
    #[reduce(taller, init = Peak::zeroed())] tallest: &mut Peak,
) -> Peak {
    let peak = Peak { position: value, height: 2.0 * value as f32, count: 1 };
    grid[[0, 1]] = peak;
    *tallest = taller(*tallest, peak);
    peak
}

fn taller(a: Peak, b: Peak) -> Peak {
    if b.height > a.height { b } else { a }
}

#[pasha::kernel]
fn fixed_arrays(
    value: f32,
    #[output] vector: &mut [f32; 3],
    #[output(shape = (2, 1))] mut matrices: ArrayViewMut2<[[u8; 2]; 2]>,
) {
    *vector = [value; 3];
    matrices[[1, 0]] = [[1, 2], [3, value as u8]];
}

for_each_context! {
    fn plain_numbers(context: &dyn Context) {
        let (a, b, c, d, e, f) = numbers::run_in(context, &[3, 100]).unwrap();
        assert_eq!(a, array![8, 1 << 100]);
        assert_eq!(b, array![-1, -1]);
        assert_eq!(c, array![-3, -100]);
        assert_eq!(d, array![0.5, 0.5]);
        assert_eq!(e, array![false, true]);
        assert_eq!(f, array!['µ', 'µ']);
    }

    fn complex_and_half(context: &dyn Context) {
        let (a, b, c) = complex::run_in(context, &[0.25, 4.0]).unwrap();
        assert_eq!(a[1], Complex::new(4.0, 1.0));
        assert_eq!(b[0], Complex::new(-1.0, 0.25));
        assert_eq!(c[1].to_f64(), 4.0);
    }

    fn structs_of_the_users(context: &dyn Context) {
        let out = structs::run_in(context, &[1.0, 5.0, 2.0]).unwrap();
        assert_eq!(out.result[2], Peak { position: 2.0, height: 4.0, count: 1 });
        assert_eq!(out.grid[[1, 0, 1]].height, 10.0);
        assert_eq!(out.grid[[1, 0, 0]], Peak::zeroed());
        assert_eq!(out.tallest.position, 5.0);
    }

    fn arrays_as_elements(context: &dyn Context) {
        let out = fixed_arrays::run_in(context, &[1.0, 2.0]).unwrap();
        assert_eq!(out.vector[1], [2.0; 3]);
        assert_eq!(out.matrices[[1, 1, 0]], [[1, 2], [3, 2]]);
    }
}

/// Elements without bytes, slots without elements, slots without axes, and of any number of axes.
#[pasha::kernel]
#[allow(clippy::unused_unit)]
fn empty_handed(
    value: usize,
    #[shared] shape: &[usize],
    #[output] unit: &mut (),
    #[output(shape = (0, 3))] nothing: ArrayViewMut2<u8>,
    #[output(shape = ())] mut scalar: ArrayViewMut0<usize>,
    #[output(shape = shape)] mut dynamic: ArrayViewMut<f32, IxDyn>,
    #[reduce(keep, init = ())] accumulator: &mut (),
) -> [u64; 0] {
    *unit = ();
    assert!(nothing.is_empty());
    scalar[()] = value;
    dynamic.fill(value as f32);
    *accumulator = ();
    []
}

fn keep(_: (), _: ()) {}

for_each_context! {
    fn sizes_at_the_edge(context: &dyn Context) {
        for shape in [&[2, 1, 2][..], &[], &[0]] {
            let out = empty_handed::run_in(context, 0..10_usize, shape).unwrap();
            assert_eq!(out.unit.len(), 10);
            assert_eq!(out.nothing.shape(), [10, 0, 3]);
            assert_eq!(out.scalar, ndarray::Array1::from_iter(0..10));
            assert_eq!(out.dynamic.shape(), [&[10], shape].concat());
            assert!(out.dynamic.outer_iter().enumerate().all(|(i, a)| a.iter().all(|&v| v == i as f32)));
            assert_eq!(out.result.shape(), [10, 0]);
        }
    }
}
