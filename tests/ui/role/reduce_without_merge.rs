//! Accumulators are merged somehow.

#[pasha::kernel]
fn total(value: f64, #[reduce] out: &mut f64) {
    *out += value;
}

fn main() {}
