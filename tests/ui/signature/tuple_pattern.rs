//! An item needs one name.

#[pasha::kernel]
fn length((x, y): (f64, f64)) -> f64 {
    x.hypot(y)
}

fn main() {}
