//! Every return type, in every context.

use std::cell::Cell;
use std::fmt;

use ndarray::{Array1, ArrayViewMut1, array};
use pasha::{Cause, Context};
use pasha_tests::{at_item, for_each_context, item_failure};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

#[pasha::kernel]
fn nothing(_value: u8) {
    CALLS.set(CALLS.get() + 1);
}

#[pasha::kernel]
fn one(value: u8) -> u16 {
    u16::from(value) * 2
}

#[pasha::kernel]
fn row(value: f32) -> [f32; 3] {
    [value, 2.0 * value, 3.0 * value]
}

#[pasha::kernel]
fn pair(value: i32) -> (i64, bool) {
    (i64::from(value) << 33, value % 2 == 0)
}

#[pasha::kernel]
fn mixed(value: i32) -> (u8, [i16; 2], f64) {
    (value as u8, [value as i16, -value as i16], 0.5)
}

#[pasha::kernel]
fn many(value: usize, #[output(shape = 1)] mut extra: ArrayViewMut1<u8>) -> (u8, u16, u32, u64) {
    extra[0] = 9;
    (value as u8, value as u16, value as u32, value as u64)
}

/// An error of the test's own.
#[derive(Debug)]
struct TooLarge(i32);

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is too large", self.0)
    }
}

#[pasha::kernel]
fn checked(value: i32) -> Result<i32, TooLarge> {
    if value > 100 { Err(TooLarge(value)) } else { Ok(value) }
}

#[pasha::kernel]
fn checked_tuple(value: i32) -> Result<(i32, [f64; 2]), String> {
    if value < 0 { Err(format!("{value} is negative")) } else { Ok((value, [0.0, 1.0])) }
}

#[pasha::kernel]
fn checked_nothing(value: i32, #[output] twice: &mut i32) -> std::io::Result<()> {
    *twice = 2 * value;
    if value == 7 { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(()) }
}

/// The eight outputs of mixed types of the issue.
#[pasha::kernel]
fn eight(
    value: f64,
    #[output] a: &mut u8,
    #[output] b: &mut i16,
    #[output(shape = (2,))] mut c: ArrayViewMut1<f32>,
    #[output(shape = 3, fill = 1)] mut d: ArrayViewMut1<u64>,
    #[output] e: &mut bool,
    #[reduce(sum)] f: &mut f64,
) -> ([u16; 2], num_complex::Complex<f64>) {
    *a = value as u8;
    *b = -value as i16;
    c.fill(value as f32);
    d[1] = value as u64;
    *e = value > 2.0;
    *f += value;
    ([1, 2], num_complex::Complex::new(value, -value))
}

for_each_context! {
    fn no_value(context: &dyn Context) {
        let () = nothing::run_in(context, &[1, 2, 3]).unwrap();
    }

    fn one_value(context: &dyn Context) {
        assert_eq!(one::run_in(context, &[1, 2, 200]).unwrap(), array![2, 4, 400]);
    }

    fn one_row(context: &dyn Context) {
        let out = row::run_in(context, &[1.0, 10.0]).unwrap();
        assert_eq!(out, array![[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]);
    }

    fn tuples(context: &dyn Context) {
        let (shifted, even) = pair::run_in(context, &[1, 2]).unwrap();
        assert_eq!(shifted, array![1_i64 << 33, 1_i64 << 34]);
        assert_eq!(even, array![false, true]);
        let (a, b, c) = mixed::run_in(context, &[1, 2]).unwrap();
        assert_eq!(a, array![1, 2]);
        assert_eq!(b, array![[1, -1], [2, -2]]);
        assert_eq!(c, array![0.5, 0.5]);
    }

    fn tuple_beside_outputs(context: &dyn Context) {
        let out = many::run_in(context, 0..5_usize).unwrap();
        assert_eq!(out.extra.sum(), 45);
        assert_eq!(out.result.3, array![0, 1, 2, 3, 4]);
        assert_eq!(out.result.0.len(), 5);
    }

    fn results(context: &dyn Context) {
        assert_eq!(checked::run_in(context, &[1, 100]).unwrap(), array![1, 100]);
        let error = checked::run_in(context, &[1, 2, 3, 101]).unwrap_err();
        assert!(item_failure(&error).worker_id() < context.num_workers());
        match at_item(&error) {
            (3, Cause::Refused { message, .. }) => assert_eq!(message, "101 is too large"),
            _ => panic!("{error}"),
        }
        let (values, rows) = checked_tuple::run_in(context, &[5, 6]).unwrap();
        assert_eq!(values, array![5, 6]);
        assert_eq!(rows, array![[0.0, 1.0], [0.0, 1.0]]);
        let error = checked_tuple::run_in(context, &[-5]).unwrap_err();
        assert!(matches!(at_item(&error), (0, Cause::Refused { .. })), "{error}");
    }

    fn finished_items_of_a_failed_map_are_kept(context: &dyn Context) {
        let inp: Vec<i32> = (0..8).collect();
        let mut out = checked_nothing::alloc(context, &inp).unwrap();
        let error = checked_nothing::run_into(context, &inp, &mut out).unwrap_err();
        assert!(matches!(at_item(&error), (7, Cause::Refused { .. })), "{error}");
        // Index 7 was the last that its worker began; it wrote before it failed.
        // Of several ranks, only where that was.
        assert!(out[7] == 14 || context.ranks().is_some());
        assert!(out.iter().enumerate().all(|(i, &twice)| twice == 0 || twice == 2 * i as i32));
    }

    fn eight_outputs_of_mixed_types(context: &dyn Context) {
        let out = eight::run_in(context, &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(out.a, array![1, 2, 3]);
        assert_eq!(out.b, array![-1, -2, -3]);
        assert_eq!(out.c, array![[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]);
        assert_eq!(out.d, array![[1, 1, 1], [1, 2, 1], [1, 3, 1]]);
        assert_eq!(out.e, array![false, false, true]);
        assert_eq!(out.f, 6.0);
        assert_eq!(out.result.0, array![[1, 2], [1, 2], [1, 2]]);
        assert_eq!(out.result.1.mapv(|z| z.re), Array1::from(vec![1.0, 2.0, 3.0]));
    }
}

#[test]
fn a_serial_kernel_runs_on_this_thread_once_for_each_item() {
    let before = CALLS.get();
    nothing::run_serial(&[0; 17]).unwrap();
    assert_eq!(CALLS.get() - before, 17);
}
