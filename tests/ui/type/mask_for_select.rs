//! A mask is given to `pasha::masked`.

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let values = [1.0, 2.0, 3.0];
    let good = [true, false, true];
    let _ = double::run_parallel(pasha::select(&values, &good));
}
