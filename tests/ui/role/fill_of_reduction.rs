//! A reduction starts from `init`.

#[pasha::kernel]
fn total(value: f64, #[reduce(sum, fill = 0.0)] out: &mut f64) {
    *out += value;
}

#[pasha::kernel]
fn largest(value: f64, #[reduce(f64::max, fill = f64::MIN)] most: &mut f64) {
    *most = most.max(value);
}

fn main() {}
