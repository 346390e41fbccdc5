//! A parameter has one role.

#[pasha::kernel]
fn shift(
    value: usize,
    #[shared]
    #[index]
    by: usize,
) -> usize {
    value + by
}

fn main() {}
