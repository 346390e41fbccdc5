//! The buffer is made before the first item.

#[pasha::kernel]
fn fill(count: usize, #[scratch(Vec::with_capacity(count))] buffer: &mut Vec<f64>) -> usize {
    buffer.len()
}

fn main() {}
