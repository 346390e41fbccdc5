//! The type of an item is named in generated code.

#[pasha::kernel]
fn show(value: impl Copy) {
    let _ = value;
}

fn main() {}
