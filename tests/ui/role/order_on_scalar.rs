//! One value has no order.

#[pasha::kernel]
fn double(value: f64, #[output(order = F)] out: &mut f64) {
    *out = 2.0 * value;
}

fn main() {}
