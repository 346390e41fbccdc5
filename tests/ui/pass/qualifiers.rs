//! `const`, `extern`, lifetimes of any name, and names that are keywords in other editions.
#![deny(warnings)]

use std::borrow::Cow;
use std::sync::Mutex;

#[pasha::kernel]
pub const fn constant(value: f64) -> f64 {
    value
}

#[pasha::kernel]
pub extern "C" fn external(value: f64) -> f64 {
    value
}

#[pasha::kernel]
pub const extern "C" fn both<'r, 's>(value: &'r f64, #[shared] other: &'s f64) -> f64 {
    *value + *other
}

#[pasha::kernel]
fn lifetimes<'r, 's, T: Copy + Send + 's>(
    value: &'r f64,
    #[shared] list: &'s [T],
    #[shared] text: &'s Cow<'s, str>,
    #[shared(copied)] cache: &'s Mutex<Vec<T>>,
    #[output(ragged = list.len())] mut out: ndarray::ArrayViewMut1<'s, f64>,
) -> f64 {
    out.fill(text.len() as f64 + cache.lock().unwrap().len() as f64);
    *value
}

#[pasha::kernel]
fn r#gen(r#type: f64, #[shared] r#gen: &f64, #[output] r#async: &mut f64) -> f64 {
    *r#async = *r#gen;
    r#type
}

#[pasha::kernel]
fn r#try(r#dyn: f64, #[shared] r#try: f64) -> f64 {
    r#dyn + r#try
}

fn main() -> pasha::Result<()> {
    let text = Cow::from("text");
    let out = lifetimes::run_parallel(&[1.0, 2.0], &[1, 2, 3], &text, &Mutex::new(vec![1]))?;
    assert_eq!(out.out.slot(1).to_vec(), [5.0; 3]);
    assert_eq!(constant::run_serial(&[1.0])?, external::run_serial(&[1.0])?);
    assert_eq!(both::run_serial(&[1.0], &2.0)?[0], 3.0);
    let out: GenOutput = r#gen::run_serial(&[1.0], &2.0)?;
    assert_eq!((out.r#async[0], out.result[0]), (2.0, 1.0));
    assert_eq!(r#try::run_serial(&[1.0], 2.0)?[0], 3.0);
    assert_eq!(not_zero::run_parallel(&[0, 3])?[0], None);
    Ok(())
}

/// Of a number that is not zero `None` is a plain value: zero.
#[pasha::kernel]
fn not_zero(value: u32) -> Option<std::num::NonZero<u32>> {
    std::num::NonZero::new(value)
}
