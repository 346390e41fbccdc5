//! Generated code passes under the lints of a strict crate.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, rust_2018_idioms)]
#![deny(unused, single_use_lifetimes, unused_qualifications, unused_lifetimes)]
#![forbid(unsafe_code)]

use pasha::kernel;

/// Is never run.
#[kernel]
pub fn unused(value: f64) -> f64 {
    value
}

/// Gives two values, or fails.
#[kernel]
#[must_use = "parsed"]
#[deprecated = "for the test"]
fn parse(text: &'static str) -> Result<(i64, [u8; 2]), std::num::ParseIntError> {
    Ok((text.parse()?, [0, 1]))
}

/// Depends on the platform.
#[kernel]
#[cfg(any())]
fn nowhere(value: Missing) {}

/// Mentions a parameter in a role alone.
#[kernel]
fn spread(
    value: f64,
    #[shared] n: usize,
    #[output(shape = n)] mut out: ndarray::ArrayViewMut1<'_, f64>,
) {
    out.fill(value);
}

fn main() -> pasha::Result<()> {
    #[allow(deprecated)]
    let (numbers, rows) = parse::run_serial(&["1", "2"])?;
    assert_eq!((numbers[1], rows[[1, 1]]), (2, 1));
    assert_eq!(spread::run_serial(&[1.0], 2)?.shape(), [1, 2]);
    Ok(())
}
