//! What is not `Copy` stays where it is.

#[pasha::kernel]
fn length(text: String) -> usize {
    text.len()
}

fn main() {
    let texts = vec![String::from("a")];
    let _ = length::run_parallel(&texts);
}
