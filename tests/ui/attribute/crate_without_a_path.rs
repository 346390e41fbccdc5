//! Where pasha is found is a path.

#[pasha::kernel(crate = 3)]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel(crate)]
fn triple(value: f64) -> f64 {
    3.0 * value
}

#[pasha::kernel(crate = "not a path")]
fn quadruple(value: f64) -> f64 {
    4.0 * value
}

#[pasha::kernel(output)]
fn quintuple(value: f64) -> f64 {
    5.0 * value
}

#[pasha::kernel(stream_stores = true)]
fn sextuple(value: f64) -> f64 {
    6.0 * value
}

fn main() {}
