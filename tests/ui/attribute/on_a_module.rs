//! A kernel is a function.

#[pasha::kernel]
mod kernels {}

fn main() {}
