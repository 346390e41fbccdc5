//! A kernel is a function.

struct Frame;

#[pasha::kernel]
impl Frame {}

fn main() {}
