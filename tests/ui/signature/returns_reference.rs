//! A returned value outlives its item.

#[pasha::kernel]
fn same(value: &f64) -> &f64 {
    value
}

fn main() {}
