//! An element is a plain value.

#[pasha::kernel]
fn show(value: f64, #[output] text: &mut String) {
    *text = value.to_string();
}

fn main() {}
