//! Nothing would drive the future.

#[pasha::kernel]
async fn fetch(value: f64) -> f64 {
    value
}

fn main() {}
