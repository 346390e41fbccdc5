//! Accumulators are merged in one way.

#[pasha::kernel]
fn total(value: f64, #[reduce(sum, max)] out: &mut f64) {
    *out += value;
}

fn main() {}
