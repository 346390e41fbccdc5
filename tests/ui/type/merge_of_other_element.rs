//! There is no sum of truths.

#[pasha::kernel]
fn seen(value: f64, #[reduce(sum)] seen: &mut bool) {
    *seen |= value > 0.0;
}

fn main() {}
