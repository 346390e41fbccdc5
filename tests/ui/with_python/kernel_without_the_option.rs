//! A module has kernels that Python may call.

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel(python)]
fn scale<T: Copy>(value: T) -> T {
    value
}

pasha::python_module!(analysis { double, scale: [f32, &'static str] });

fn main() {}
