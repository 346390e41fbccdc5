//! An item is an argument of the generated functions.

#[pasha::kernel]
fn count(_: f64, #[reduce(sum)] n: &mut u64) {
    *n += 1;
}

fn main() {}
