//! `#[kernel]` takes few options.

#[pasha::kernel(threads = 4)]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel(stream_stores, fast)]
fn triple(value: f64) -> f64 {
    3.0 * value
}

#[pasha::kernel(stream_stores, stream_stores)]
fn quadruple(value: f64) -> f64 {
    4.0 * value
}

fn main() {}
