//! The index may be the item.

#[pasha::kernel]
fn square(#[index] index: usize) -> usize {
    index * index
}

fn main() {}
