//! A bound kernel borrows its shared parameters.

#[pasha::kernel]
fn look_up(index: usize, #[shared] table: &[f64]) -> f64 {
    table[index]
}

fn main() {
    let bound = {
        let table = vec![1.0, 2.0];
        look_up::bind(&table)
    };
    let _ = bound.run_parallel(0..2_usize);
}
