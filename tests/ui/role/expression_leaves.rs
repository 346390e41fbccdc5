//! An expression in a role gives a value.

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn breaks(value: f64, #[output(shape = break)] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

#[pasha::kernel]
fn returns(value: f64, #[output(shape = return)] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

#[pasha::kernel]
fn asks(
    value: f64,
    #[shared] length: &str,
    #[output(shape = length.parse::<usize>()?)] mut out: ArrayViewMut1<f64>,
) {
    out.fill(value);
}

#[pasha::kernel]
fn asks_each(text: &str, #[output(ragged = text.parse::<usize>()?)] mut out: ArrayViewMut1<f64>) {
    out.fill(1.0);
}

#[pasha::kernel]
fn waits(value: f64, #[output(fill = start().await)] out: &mut f64) {
    *out = value;
}

#[pasha::kernel]
fn formats(value: f64, #[output(shape = format!("{value}").len())] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

async fn start() -> f64 {
    0.0
}

fn main() {}
