//! One text is not many.

#[pasha::kernel]
fn length(text: &str) -> usize {
    text.len()
}

fn main() {
    let _ = length::run_parallel("text");
}
