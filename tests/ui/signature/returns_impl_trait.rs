//! The array needs the name of its elements.

#[pasha::kernel]
fn double(value: f64) -> impl Copy {
    2.0 * value
}

fn main() {}
