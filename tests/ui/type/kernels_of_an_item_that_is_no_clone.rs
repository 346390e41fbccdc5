//! An item that several kernels get is cloned for each.

use pasha::{KernelItem, Param};

struct Line<'a> {
    text: &'a str,
}

struct LineParam;

impl Param for LineParam {
    type Item<'r> = Line<'r>;
    type Shape = ();
}

impl KernelItem for Line<'_> {
    type Param = LineParam;
}

#[pasha::kernel]
fn length(line: Line<'_>) -> u64 {
    line.text.len() as u64
}

#[pasha::kernel]
fn is_empty(line: Line<'_>) -> bool {
    line.text.is_empty()
}

fn main() {
    let _both = pasha::together((length::bind(), is_empty::bind()));
}
