//! Numbers are no text.

#[pasha::kernel]
fn length(text: &str) -> usize {
    text.len()
}

fn main() {
    let _ = length::run_parallel(&[1.0, 2.0]);
}
