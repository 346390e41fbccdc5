//! All workers hold it at once.

#[pasha::kernel]
fn sum(value: f64, #[shared] total: &mut f64) {
    *total += value;
}

fn main() {}
