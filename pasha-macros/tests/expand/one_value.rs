/// Multiplies each value with 3.
#[kernel]
fn triple_it(value: f64) -> f64 {
    3.0 * value
}
