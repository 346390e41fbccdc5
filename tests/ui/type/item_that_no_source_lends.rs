//! Items that borrow are references and views.

use std::borrow::Cow;

#[pasha::kernel]
fn cow(text: Cow<'_, str>) -> usize {
    text.len()
}

#[pasha::kernel]
fn tuple(pair: (f64, &str)) -> f64 {
    pair.0
}

#[pasha::kernel]
fn option(value: Option<&f64>) -> f64 {
    value.copied().unwrap_or(0.0)
}

fn main() {}
