//! Expressions in roles have variables of their own, named as parameters or not.
#![deny(warnings)]

use ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2, array};

struct Options {
    b: usize,
}

#[pasha::kernel]
#[allow(unused_variables)]
fn shapes(
    frame: ArrayView2<u8>,
    #[shared] n: Option<usize>,
    #[shared] options: &Options,
    #[output(shape = { let a = frame.nrows(); a })] a: ArrayViewMut1<f64>,
    #[output(shape = match frame.dim() { (a, b) => [a, b + 1] })] b: ArrayViewMut2<f64>,
    #[output(shape = if let Some(a) = n { a } else { frame.nrows() })] c: ArrayViewMut1<f64>,
    #[output(shape = (|a: usize| a + 1)(frame.nrows()))] d: ArrayViewMut1<f64>,
    #[output(shape = format!("{a}{n:?}", a = options.b).len())] e: ArrayViewMut1<f64>,
    #[output(shape = vec![options.b; 2].len() + Options { b: 2 }.b)] f: ArrayViewMut1<f64>,
    #[output(shape = loop { break 3 })] g: ArrayViewMut1<f64>,
    #[output(shape = "3".parse::<usize>().unwrap_or(4))] h: ArrayViewMut1<f64>,
    #[output(ragged = { let mut frame = frame.len(); while frame > 5 { frame -= 5; } frame })]
    i: ArrayViewMut1<f64>,
    #[output(ragged = 2)] j: ArrayViewMut1<f64>,
    #[output(ragged = if frame[[0, 0]] > 0 { 2 * 3 } else { 0 })] k: ArrayViewMut1<f64>,
    #[scratch({ let a = options.b; vec![0.0; a] })] buffer: &mut Vec<f64>,
) {
}

/// Parameters that format strings alone mention, and strings that are none.
#[pasha::kernel]
fn captured(
    count: u16,
    #[shared] width: usize,
    #[shared] r#type: &str,
    #[index] index: usize,
    #[output(shape = format!("{type}{:>width$}", "{count}").len())] mut a: ArrayViewMut1<f64>,
    #[output(ragged = format!("{count}:{index}").len())] mut b: ArrayViewMut1<f64>,
    #[output(fill = vec!["{count}"; width].len())] c: &mut usize,
    #[scratch(format!("{type:→>width$}"))] text: &mut String,
) {
    a.fill(text.chars().count() as f64);
    b.fill(1.0);
    assert_eq!(*c, 10);
}

#[pasha::kernel]
fn of_file_counts(count: i64, #[output(ragged = count)] mut out: ArrayViewMut1<f64>) {
    out.fill(1.0);
}

fn main() -> pasha::Result<()> {
    let frames = ndarray::Array3::<u8>::zeros((2, 3, 4));
    let out = shapes::run_parallel(&frames, Some(7), &Options { b: 5 })?;
    assert_eq!(out.a.shape(), [2, 3]);
    assert_eq!(out.b.shape(), [2, 3, 5]);
    assert_eq!(out.c.shape(), [2, 7]);
    assert_eq!(out.d.shape(), [2, 4]);
    assert_eq!(out.e.shape(), [2, "5Some(7)".len()]);
    assert_eq!(out.f.shape(), [2, 4]);
    assert_eq!(out.g.shape(), [2, 3]);
    assert_eq!(out.h.shape(), [2, 3]);
    assert_eq!(out.i.slot(1).len(), 2);
    assert_eq!(out.j.slot(1).len(), 2);
    assert_eq!(out.k.slot(1).len(), 0);
    let out = captured::run_parallel(&[5, 77], 10, "u16")?;
    assert_eq!(out.a.shape(), [2, 3 + 10]);
    assert_eq!(out.a[[1, 0]], 10.0);
    assert_eq!(out.b.slot(1).len(), "77:1".len());
    assert_eq!(of_file_counts::run_serial(&array![2_i64, 0])?.slot(0).len(), 2);
    let error = of_file_counts::run_serial(&array![2_i64, -3]).unwrap_err().to_string();
    assert!(error.contains("-3 elements") && error.contains("index 1"), "{error}");
    Ok(())
}
