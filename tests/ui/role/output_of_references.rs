//! Outputs are kept in arrays, which outlive the items.

#[pasha::kernel]
fn longest(words: &[String], #[output] longest: &mut &String) {
    *longest = words.iter().max_by_key(|word| word.len()).unwrap();
}

#[pasha::kernel]
fn first(words: &[String], #[output] first: &mut Option<&str>) {
    *first = words.first().map(String::as_str);
}

#[pasha::kernel]
fn all(words: &[String], #[output(ragged)] all: &mut pasha::Ragged<&str>) {
    all.extend(words.iter().map(String::as_str));
}

fn main() {
    let words = vec![vec![String::new()]];
    let _ = longest::run_parallel(&words);
}
