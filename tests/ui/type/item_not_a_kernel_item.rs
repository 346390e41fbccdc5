//! An item with a lifetime says what it is.

struct Line<'a>(&'a str);

#[pasha::kernel]
fn measure(line: Line<'_>) -> usize {
    line.0.len()
}

fn main() {}
