//! A tuple has a size if each of its parts has one.

#[pasha::kernel]
fn length(word: (f64, str)) -> f64 {
    word.0
}

fn main() {}
