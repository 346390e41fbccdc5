//! An element is a plain value.

#[pasha::kernel]
fn show(value: f64, #[output] path: &mut std::path::PathBuf) {
    path.push(value.to_string());
}

fn main() {}
