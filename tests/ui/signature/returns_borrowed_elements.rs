//! Two lifetimes are left out, so that rustc could not tell whose the returned one is.

#[pasha::kernel]
fn longer(first: &String, second: &String) -> &String {
    if first.len() > second.len() { first } else { second }
}

fn main() {}
