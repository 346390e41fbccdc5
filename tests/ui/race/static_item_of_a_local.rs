//! An item is lent for one call; by value it must live for ever.

#[pasha::kernel]
fn length(text: &'static str) -> usize {
    text.len()
}

fn main() {
    let line = "to map a kernel".to_owned();
    let words: Vec<&str> = line.split(' ').collect();
    let _ = length::run_parallel(&words);
}
