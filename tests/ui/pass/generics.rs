//! Generic parameters, bounds and lifetimes pass through.
#![deny(warnings)]
#![forbid(unsafe_code)]

use std::ops::{Add, Mul};

use ndarray::{Array2, ArrayView, ArrayView1, ArrayViewMut, Dimension, Ix1, array};
use pasha::kernel;

/// A type parameter of items, shared parameters and returned values.
#[kernel]
fn scale<T: Copy + Mul<Output = T>>(value: T, #[shared] factor: T) -> T {
    value * factor
}

/// A const parameter, a `where` clause, and closures by value and by reference.
#[kernel]
fn apply<T, const N: usize>(
    values: &[T; N],
    #[shared] first: impl Fn(T) -> T,
    #[shared] second: &impl Fn(T) -> T,
) -> [T; N]
where
    T: Copy,
{
    values.map(|value| second(first(value)))
}

/// Generic dimensions, and a struct of outputs with parameters of its own.
#[kernel]
fn copy<A: Copy, D: Dimension>(
    frame: ArrayView<'_, A, D>,
    #[output(like = frame, order = F)] mut out: ArrayViewMut<'_, A, D>,
    #[per_worker] calls: &mut u64,
) {
    out.assign(&frame);
    *calls += 1;
}

/// A reduction over a type parameter.
#[kernel]
fn total<T>(value: T, #[reduce(sum)] sum: &mut T)
where
    T: Copy + Add<Output = T>,
{
    *sum = *sum + value;
}

/// Lifetimes.
#[kernel]
fn look_up<'i, 't: 'i>(
    index: &'i usize,
    #[shared] table: &'t [f64],
    #[shared] view: ArrayView1<'t, f64>,
) -> Result<f64, String> {
    let value = table.get(*index).ok_or_else(|| format!("no entry {index}"))?;
    Ok(value + view[0])
}

fn main() -> pasha::Result<()> {
    assert_eq!(scale::run_serial(&[1, 2, 3], 2)?, array![2, 4, 6]);
    assert_eq!(scale::run_serial::<f64>(&[1.0, 2.0], 2.0)?, array![2.0, 4.0]);
    let rows = [[1, 2], [3, 4]];
    assert_eq!(apply::run_serial(&rows, |x: i32| x + 1, &|x| x * 2)?, array![[4, 6], [8, 10]]);
    let frames = Array2::<u16>::ones((3, 2));
    let out: CopyOutput<u16, Ix1> = copy::run_serial(&frames)?;
    assert_eq!(out.out, frames);
    assert_eq!(total::run_serial(&[1.5, 2.5])?, 4.0);
    let table = vec![1.0, 2.0];
    let view = array![10.0];
    assert_eq!(look_up::run_serial(&[1, 0], &table, view.view())?, array![12.0, 11.0]);
    assert!(look_up::run_serial(&[2], &table, view.view()).is_err());
    Ok(())
}
