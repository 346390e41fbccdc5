//! A slot that the kernel pushes into is a `&mut Ragged<T>`, and nothing else is said of it.

use ndarray::ArrayViewMut1;
use pasha::Ragged;

#[pasha::kernel]
fn array(value: f64, #[output(ragged)] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

#[pasha::kernel]
fn scalar(value: f64, #[output(ragged)] out: &mut f64) {
    *out = value;
}

#[pasha::kernel]
fn shaped(value: f64, #[output(ragged, shape = 3, fill = 0.5, order = F)] out: &mut Ragged<f64>) {
    out.push(value);
}

#[pasha::kernel]
fn accumulated(value: f64, #[per_worker(ragged)] out: &mut Ragged<f64>) {
    out.push(value);
}

#[pasha::kernel]
fn with_length(value: f64, #[output(ragged = 3)] out: &mut Ragged<f64>) {
    out.push(value);
}

#[pasha::kernel]
fn without_the_word(value: f64, #[output] out: &mut Ragged<f64>) {
    out.push(value);
}

fn main() {}
