//! A kernel is a function.

#[pasha::kernel]
struct Frame {
    _counts: u16,
}

fn main() {}
