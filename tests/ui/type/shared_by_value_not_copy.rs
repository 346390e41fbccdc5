//! Each call gets the same value.

#[pasha::kernel]
fn look_up(index: usize, #[shared] table: Vec<f64>) -> f64 {
    table[index]
}

fn main() {}
