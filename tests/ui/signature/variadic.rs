//! Every argument is bound to something.

#[pasha::kernel]
unsafe extern "C" fn sum(count: usize, mut values: ...) -> f64 {
    count as f64
}

fn main() {}
