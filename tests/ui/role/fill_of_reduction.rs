//! A reduction starts from `init`.

#[pasha::kernel]
fn total(value: f64, #[reduce(sum, fill = 0.0)] out: &mut f64) {
    *out += value;
}

fn main() {}
