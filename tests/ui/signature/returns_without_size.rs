//! An array has elements of one size.
#![allow(unused_variables)]

#[pasha::kernel]
fn slice(value: f64) -> [f64] {
    [value]
}

#[pasha::kernel]
fn text(value: f64) -> str {
    *"text"
}

#[pasha::kernel]
fn function(value: f64) -> dyn Fn() {
    || ()
}

#[pasha::kernel]
fn fallible(value: f64) -> Result<[f64], String> {
    Err(String::new())
}

#[pasha::kernel]
fn written(value: f64, #[output] text: &mut str) {}

fn main() {}
