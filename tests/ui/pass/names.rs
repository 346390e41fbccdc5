//! Names of the user's can't clash with generated ones.
#![deny(warnings)]
#![forbid(unsafe_code)]

use ndarray::{ArrayViewMut1, array};
use pasha::{SerialContext, kernel};

#[kernel]
#[allow(clippy::too_many_arguments)]
fn clash(
    context: f64,
    out: &f64,
    #[shared] clash: f64,
    #[shared] kernel: &[f64],
    #[shared] items: u8,
    #[index] index: usize,
    #[worker_id] worker_id: usize,
    #[shared] functor: i8,
    #[shared] self_: &str,
    #[shared] at: usize,
    #[shared] bind: usize,
    #[scratch(vec![at; bind])] value0: &mut Vec<usize>,
    #[output(shape = (at, ))] mut shapes: ArrayViewMut1<f64>,
    #[reduce(max)] slot0: &mut i64,
    #[output] item0: &mut usize,
) -> f64 {
    shapes.fill(kernel[0] + f64::from(items) + f64::from(functor));
    *slot0 = (*slot0).max(index as i64);
    *item0 = worker_id + self_.len() + value0.len() + bind;
    context + out + clash
}

/// Underscores, raw identifiers, and a name that says nothing.
#[kernel]
fn r#match(r#type: f64, _unused: &u8, #[output] _out: &mut f64, #[output] r#fn: &mut f64) {
    *r#fn = r#type;
}

fn main() -> pasha::Result<()> {
    let context = SerialContext::new();
    let (a, b) = ([1.0, 2.0], [10.0, 20.0]);
    let mut out = clash::run_in(&context, &a, &b, 100.0, &[1.0], 2, 3, "self", 2, 3)?;
    clash::run_into(&context, &a, &b, 100.0, &[1.0], 2, 3, "self", 2, 3, &mut out)?;
    assert_eq!(out.result, array![111.0, 122.0]);
    assert_eq!(out.shapes, array![[6.0, 6.0], [6.0, 6.0]]);
    assert_eq!((out.slot0, out.item0[0]), (1, 10));
    let out: MatchOutput = r#match::run_serial(&[1.0], &[1])?;
    assert_eq!((out._out[0], out.r#fn[0]), (0.0, 1.0));
    Ok(())
}

/// Constants and statics with the names of local variables that a macro may take.
#[allow(non_upper_case_globals, non_camel_case_types)]
pub mod constants {
    use ndarray::ArrayViewMut1;
    use pasha::kernel;

    pub const at: u8 = 0;
    pub const item0: u8 = 0;
    pub const value0: u8 = 0;
    pub static formatter: u8 = 0;
    pub static error: u8 = 0;
    pub struct array0;

    #[kernel]
    pub fn parts(
        frame: &[f64],
        #[shared] n: usize,
        #[output(shape = n)] mut copy: ArrayViewMut1<f64>,
        #[output(ragged = frame.len())] mut whole: ArrayViewMut1<f64>,
    ) -> Result<f64, String> {
        copy.fill(frame[0]);
        whole.fill(frame[0]);
        frame.first().copied().ok_or_else(|| "empty".to_owned())
    }
}
