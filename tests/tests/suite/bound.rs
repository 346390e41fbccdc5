//! Bound kernels: kept, run again, and composed.

use ndarray::{Array1, ArrayView1, ArrayViewMut1, array};
use pasha::{Cause, Context};
use pasha_tests::{at_item, for_each_context};

#[pasha::kernel]
fn scale(value: f64, #[shared] factor: f64) -> f64 {
    factor * value
}

#[pasha::kernel]
fn offset(value: f64, #[shared] by: f64) -> f64 {
    value + by
}

#[pasha::kernel]
fn mean(window: ArrayView1<f64>) -> f64 {
    window.sum() / window.len() as f64
}

#[pasha::kernel]
fn log(value: &f64) -> Result<f64, String> {
    if *value > 0.0 { Ok(value.ln()) } else { Err(format!("no logarithm of {value}")) }
}

#[pasha::kernel]
fn summarise(
    value: f64,
    #[shared] bins: usize,
    #[output(shape = bins)] mut one_hot: ArrayViewMut1<u8>,
    #[output(ragged = value as usize)] mut ones: ArrayViewMut1<u8>,
    #[reduce(sum)] total: &mut f64,
    #[scratch(0)] calls: &mut usize,
) -> usize {
    one_hot[value as usize % bins] = 1;
    ones.fill(1);
    *total += value;
    *calls += 1;
    *calls
}

#[pasha::kernel]
fn weighted(value: f64, weight: f64, #[shared] power: i32) -> f64 {
    value * weight.powi(power)
}

for_each_context! {
    fn two_kernels_in_one_pass(context: &dyn Context) {
        let x = Array1::linspace(0.0, 1.0, 1000);
        let both = scale::bind(2.0).then(offset::bind(1.0));
        assert_eq!(both.run_in(context, &x).unwrap(), &x * 2.0 + 1.0);
        let three = both.then(scale::bind(0.5));
        assert_eq!(three.run_in(context, &x).unwrap(), (&x * 2.0 + 1.0) * 0.5);
    }

    fn the_last_may_have_any_outputs(context: &dyn Context) {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        let kernel = scale::bind(0.5).then(summarise::bind(4));
        let out = kernel.run_in(context, &x).unwrap();
        assert_eq!(out.total, (0..40).sum::<i32>() as f64 / 2.0);
        for (i, row) in out.one_hot.outer_iter().enumerate() {
            assert_eq!(row.iter().position(|&one| one == 1), Some(i / 2 % 4));
        }
        assert_eq!(out.ones.offsets()[40], (0..40).map(|i| i / 2).sum::<usize>());
        assert_eq!(out.result.iter().filter(|&&calls| calls == 1).count().min(1), 1);
    }

    fn the_first_may_take_any_item(context: &dyn Context) {
        let x = array![1.0, 3.0, 5.0, 7.0];
        let kernel = mean::bind().then(log::bind()).then(scale::bind(2.0));
        let out = kernel.run_in(context, pasha::windows(&x, 2)).unwrap();
        assert_eq!(out, array![2.0 * 2_f64.ln(), 2.0 * 4_f64.ln(), 2.0 * 6_f64.ln()]);
    }

    fn either_may_fail(context: &dyn Context) {
        let kernel = offset::bind(-2.0).then(log::bind());
        let error = kernel.run_in(context, &[5.0, 4.0, 1.0]).unwrap_err();
        match at_item(&error) {
            (2, Cause::Refused { message, .. }) => assert_eq!(message, "no logarithm of -1"),
            _ => panic!("{error}"),
        }
    }

    fn several_items_come_as_a_tuple(context: &dyn Context) {
        let kernel = weighted::bind(2);
        let out = kernel.run_in(context, (&[1.0, 2.0], &array![3.0, 4.0])).unwrap();
        assert_eq!(out, array![9.0, 32.0]);
        let out = kernel.then(scale::bind(10.0)).run_in(context, (&[1.0], &[2.0])).unwrap();
        assert_eq!(out, array![40.0]);
    }

    fn outputs_are_used_again(context: &dyn Context) {
        let kernel = scale::bind(3.0).then(offset::bind(1.0));
        let mut out = kernel.alloc(context, &[0.0; 5]).unwrap();
        kernel.run_into(context, &[1.0, 2.0, 3.0, 4.0, 5.0], &mut out).unwrap();
        assert_eq!(out, array![4.0, 7.0, 10.0, 13.0, 16.0]);
    }
}

#[test]
fn a_bound_kernel_runs_everywhere() {
    let factor = 3.0;
    let kernel = scale::bind(factor);
    let x = [1.0, 2.0];
    assert_eq!(kernel.run_parallel(&x).unwrap(), kernel.run_serial(&x).unwrap());
}
